import Glibc
import SQLite
import Toolkit
import Wire
import Worker

@testable import SQLEngine

/// A directory of its own, removed at the end.
final class Fixture: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/xodb-engine-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/nonexistent"
    }
  }

  deinit {
    Self.removeTree(path)
  }

  private static func removeTree(_ path: String) {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      if entry.pointee.d_type == DT_DIR {
        removeTree(path + "/" + name)
      } else {
        unlink(path + "/" + name)
      }
    }
    closedir(directory)
    rmdir(path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// Makes a database, or changes one.
  @discardableResult
  func database(_ name: String, _ sql: String) throws -> Connection {
    let connection = try Connection(file(name), [.readWrite, .create])
    try connection.execute(sql)
    return connection
  }

  func write(_ name: String, _ bytes: [UInt8]) {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  func read(_ name: String) -> [UInt8] {
    let descriptor = open(file(name), O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    return Array(bytes.prefix(max(0, count)))
  }

  func engine(_ limits: RunLimits = RunLimits()) throws -> SQLEngine {
    try SQLEngine(directory: path, limits: limits)
  }
}

/// What a request gave: the rows as text, or `code: message`.
struct Answer: Equatable, ExpressibleByStringLiteral {
  var text: String
  var outcome: Outcome?
  var version: String?

  init(stringLiteral text: String) { self.text = text }

  init(_ result: RunResult, _ body: [UInt8]) {
    outcome = result.outcome
    version = result.version
    switch result.outcome {
    case .rows, .unchanged: text = String(decoding: body, as: UTF8.self)
    case .failure(let failure): text = "\(failure.code.rawValue): \(failure.message)"
    }
  }

  static func == (a: Answer, b: Answer) -> Bool { a.text == b.text }

  private var failure: Failure? {
    guard case .failure(let failure) = outcome else { return nil }
    return failure
  }

  var offset: Int? { failure?.offset }
  var retryMilliseconds: Int? { failure?.retryMilliseconds }
}

extension SQLEngine {
  mutating func ask(
    _ database: String, _ sql: String, _ parameters: String = "", format: Format = .tsv,
    milliseconds: Int = 10_000, ifVersion: String? = nil
  ) -> Answer {
    ask(
      database, Array(sql.utf8), Array(parameters.utf8), format: format,
      milliseconds: milliseconds, ifVersion: ifVersion)
  }

  mutating func ask(
    _ database: String, _ sql: [UInt8], _ parameters: [UInt8] = [], format: Format = .tsv,
    milliseconds: Int = 10_000, ifVersion: String? = nil
  ) -> Answer {
    let job = Job(
      attempt: Attempt(job: 1, number: 1), database: database, format: format,
      deadlineMilliseconds: milliseconds, ifVersion: ifVersion)
    var body = ByteBuffer()
    Array("before".utf8).withUnsafeBytes { body.append(contentsOf: $0) }
    let result = sql.withUnsafeBytes { sql in
      parameters.withUnsafeBytes { parameters in
        run(
          job, sql: sql, parameters: parameters,
          deadline: Clock.now().adding(milliseconds: milliseconds), isAbandoned: { false },
          into: &body, chunkBytes: nil, send: { _, _ in false })
      }
    }
    return Answer(result, Array(body.bytes.dropFirst(6)))
  }
}
