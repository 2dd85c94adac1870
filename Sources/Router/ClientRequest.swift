package import Broker
internal import Wire
internal import ZeroMQ

/// A client's request: where the answer goes, the SQL and the parameters.
package final class ClientRequest: Statement {
  /// What is shown of a statement, in bytes.
  private static let maxExcerpt = 200

  package let sender: Sender
  /// Of all that it carries, in bytes.
  package let size: Int
  /// Nil for what is no QUERY.
  let sql: Frame?
  /// Of a series, those of each as netstrings.
  let parameters: Frame?
  package let shapeHash: UInt64
  /// What it is of a query on several databases.
  let part: SetPart?

  init(_ sender: Sender, size: Int) {
    self.sender = sender
    self.size = size
    sql = nil
    parameters = nil
    shapeHash = 0
    part = nil
  }

  /// A part of a query on several databases: the same statement.
  init(_ whole: ClientRequest, _ part: SetPart) {
    sender = whole.sender
    size = 0
    sql = whole.sql
    parameters = whole.parameters
    shapeHash = whole.shapeHash
    self.part = part
  }

  init(_ sender: Sender, size: Int, sql: Frame, shape: UInt64, parameters: Frame?) {
    self.sender = sender
    self.size = size
    self.sql = sql
    self.parameters = parameters
    shapeHash = shape
    part = nil
  }

  /// Keeps a copy of what lies in a message with other requests, which so need not be kept.
  /// - Parameter latest: the request before: what has the same SQL shares that.
  init(
    _ sender: Sender, size: Int, copying sql: UnsafeRawBufferPointer,
    _ parameters: UnsafeRawBufferPointer, latest: ClientRequest?,
    _ shapes: inout StatementShape.Latest
  ) {
    self.sender = sender
    self.size = size
    if let latest, let same = latest.sql, same.bytes.isEqual(to: sql) {
      self.sql = same
      shapeHash = latest.shapeHash
    } else {
      let copy = Frame(copying: sql)
      self.sql = copy
      shapeHash = shapes.hash(sql)
    }
    self.parameters = parameters.isEmpty ? nil : Frame(copying: parameters)
    part = nil
  }

  /// One of a series, or several.
  private init(_ series: ClientRequest, _ parameters: Frame?) {
    sender = series.sender
    size = series.size
    sql = series.sql
    shapeHash = series.shapeHash
    self.parameters = parameters
    part = nil
  }

  /// Whether it has so many sets of parameters, as a series has.
  func hasSets(_ each: Int) -> Bool {
    parameters?.withBytes { bytes in
      var sets = NetstringReader(bytes)
      var count = 0
      while !sets.isAtEnd {
        guard (try? sets.next()) != nil else { return false }
        count += 1
      }
      return count == each
    } ?? false
  }

  package func members(from first: Int, by size: Int) -> [any Statement] {
    parameters?.withBytes { bytes in
      var members: [ClientRequest] = []
      var sets = NetstringReader(bytes)
      var (start, count, skipped) = (0, 0, 0)
      // They were looked through when it came.
      while !sets.isAtEnd, let set = try? sets.next() {
        if skipped < first {
          (start, skipped) = (sets.offset, skipped + 1)
          continue
        }
        count += 1
        guard count == size || sets.isAtEnd else { continue }
        let own = count > 1 ? UnsafeRawBufferPointer(rebasing: bytes[start..<sets.offset]) : set
        members.append(ClientRequest(self, own.isEmpty ? nil : parameters?.part(own)))
        (start, count) = (sets.offset, 0)
      }
      return members
    } ?? []
  }

  package var isPart: Bool { part != nil }

  package var wholeID: String? { part?.id }

  package var textHash: UInt64 { sql.map(Self.hash) ?? 0 }

  package var parametersHash: UInt64 { parameters.map(Self.hash) ?? 0 }

  package var excerpt: String {
    sql?.withBytes { String(decoding: $0.prefix(Self.maxExcerpt), as: UTF8.self) } ?? ""
  }

  private static func hash(_ frame: Frame) -> UInt64 {
    var hasher = Hasher()
    withExtendedLifetime(frame) { hasher.combine(bytes: $0.bytes) }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
