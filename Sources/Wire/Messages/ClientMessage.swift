/// What a client asks of a router, as its line says it.
package enum ClientMessage: Equatable, Sendable {
  /// Run a statement. The SQL and its parameters travel in frames of their own.
  case query(Query)
  /// Say what the router knows, as rows.
  case show(Show)
  /// Stop the request of this id, which the same connection has in flight: its answer is then
  /// `cancelled`, unless it has been given already. This message has no answer of its own.
  case cancel(id: String)
  /// Send so many more chunks of the result of this id, as they come. This message has no answer of
  /// its own, and none for an id that is not in flight.
  case credit(id: String, chunks: Int)
  /// Send one more chunk of the result of this id: for clients that must have an answer to everything.
  /// It is that chunk, or the final answer; `aborted` for an id that is not in flight.
  case next(id: String)
  /// Say how much you can take: what one router asks another again and again.
  case peer(PeerQuestion)
}

package struct Show: Equatable, Sendable {
  package enum Subject: String, Sendable, CaseIterable {
    case databases
    case workers
    case clients
    case queue
    case quarantine
    case peers
    case stats
  }

  /// So many rows are shown of a list.
  package static let maxRows = 10_000

  package var id: String?
  package var subject: Subject
  package var format: Format

  package init(id: String?, subject: Subject, format: Format) {
    self.id = id
    self.subject = subject
    self.format = format
  }
}

extension ClientMessage {
  package var id: String? {
    switch self {
    case .query(let query): query.id
    case .show(let show): show.id
    case .cancel(let id), .credit(let id, _), .next(let id): id
    case .peer: nil
    }
  }

  /// The longest `id=`, in bytes.
  package static let maxIdLength = 128
  /// The longest `db=`, in bytes: no file has a longer name.
  package static let maxNameLength = 255
  /// Likewise of one that names several.
  package static let maxSetLength = 4096
  /// The longest `if-version=`, in bytes.
  package static let maxVersionLength = 64
  /// The most chunks that can be asked for at once; whoever asks for more gets these.
  package static let maxCredit = 16
  /// The longest `deadline=`: a day.
  package static let maxDeadlineMilliseconds = 86_400_000
  /// The most requests in a series.
  package static let maxEach = 256
  /// The highest id with which a series begins.
  package static let maxSeriesID: UInt64 = 1 << 53
  /// A request comes through so many routers at most.
  package static let maxWay = 8
  /// The longest `client=`, in bytes: a routing id may have 255, and is told in hexadecimal.
  package static let maxClientLength = 510

  /// The message as a line.
  package var line: Line {
    switch self {
    case .query(let query): query.line
    case .show(let show):
      Line("SHOW")
        .with("what", show.subject.rawValue)
        .with("id", show.id)
        .with("format", show.format.rawValue)
    case .cancel(let id):
      Line("CANCEL").with("id", id)
    case .credit(let id, let chunks): Line("CREDIT").with("id", id).with("credit", chunks)
    case .next(let id): Line("NEXT").with("id", id)
    case .peer(let question): question.line
    }
  }

  /// Reads a line of our own.
  package init(_ line: Line) throws(Failure) {
    let result = line.bytes.withUnsafeBytes { bytes in
      Result { () throws(Failure) in
        // What it says of itself is all that can be wrong with it.
        guard let view = try? LineView(own: bytes) else { throw Failure(.badRequest, "no line") }
        return try ClientMessage(view)
      }
    }
    self = try result.get()
  }

  /// Reads a client's line; fails with what the client is to be told.
  package init(_ line: LineView) throws(Failure) {
    let id = line["id"]?.text
    if let id, id.utf8.count > Self.maxIdLength {
      throw Failure(.badRequest, "id= is longer than \(Self.maxIdLength) bytes")
    }
    if line.isWord("QUERY") {
      guard let database = line["db"]?.text, !database.isEmpty else {
        throw Failure(.badRequest, "QUERY without db=")
      }
      let maxLength =
        database.utf8.count > Self.maxNameLength && DatabaseSelection.isSet(database)
        ? Self.maxSetLength : Self.maxNameLength
      guard database.utf8.count <= maxLength else {
        throw Failure(.badRequest, "db= is longer than \(maxLength) bytes")
      }
      try Self.checkPatterns(database)
      self = .query(
        Query(
          id: id, database: database, format: try Self.format(line),
          deadlineMilliseconds: try Self.deadline(line), ifVersion: try Self.version(line),
          waitsForChange: try Self.waitsForChange(line), credit: try Self.credit(line),
          way: try Self.way(line), client: try Self.client(line), each: try Self.each(line),
          extras: try QueryExtras.read(line)))
    } else if line.isWord("SHOW") {
      guard let subject = (line["what"]?.text).flatMap(Show.Subject.init) else {
        let known = Show.Subject.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.badRequest, "SHOW needs what= with one of: \(known)")
      }
      self = .show(Show(id: id, subject: subject, format: try Self.format(line)))
    } else if line.isWord("CANCEL") {
      guard let id else { throw Failure(.badRequest, "CANCEL without id=") }
      self = .cancel(id: id)
    } else if line.isWord("CREDIT") {
      guard let id, let chunks = try Self.credit(line) else {
        throw Failure(.badRequest, "CREDIT needs id= and credit=")
      }
      self = .credit(id: id, chunks: chunks)
    } else if line.isWord("NEXT") {
      guard let id else { throw Failure(.badRequest, "NEXT without id=") }
      self = .next(id: id)
    } else if let question = PeerQuestion(line) {
      self = .peer(question)
    } else {
      throw Failure(.badRequest, "unknown verb '\(line.word)'")
    }
  }

  private static func checkPatterns(_ database: String) throws(Failure) {
    guard DatabaseSelection.hasTooManyPatterns(database) else { return }
    throw Failure(.badRequest, "db= has more than \(DatabaseSelection.maxPatterns) patterns")
  }

  private static func format(_ line: LineView) throws(Failure) -> Format {
    guard let name = line["format"] else { return .json }
    guard let format = Format(name) else {
      throw Failure(.badRequest, "unknown format '\(name.text)'")
    }
    return format
  }

  private static func version(_ line: LineView) throws(Failure) -> String? {
    guard let version = line["if-version"]?.text else { return nil }
    guard version.utf8.count <= maxVersionLength else {
      throw Failure(.badRequest, "if-version= is longer than \(maxVersionLength) bytes")
    }
    return version
  }

  private static func waitsForChange(_ line: LineView) throws(Failure) -> Bool {
    guard let what = line["wait"] else { return false }
    guard what == "change", line["if-version"] != nil else {
      throw Failure(.badRequest, "wait= is 'change', and goes with if-version=")
    }
    return true
  }

  private static func credit(_ line: LineView) throws(Failure) -> Int? {
    guard let value = line["credit"] else { return nil }
    guard let chunks = value.int, chunks > 0 else {
      throw Failure(.badRequest, "credit= is not a number of chunks, 1 or more")
    }
    guard line["id"] != nil else { throw Failure(.badRequest, "credit= needs id=") }
    return min(chunks, maxCredit)
  }

  private static func way(_ line: LineView) throws(Failure) -> [String] {
    guard let way = line["way"]?.text else { return [] }
    let brokers = way.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard brokers.count <= maxWay, brokers.allSatisfy(PeerQuestion.isBroker) else {
      throw Failure(.badRequest, "way= is not a list of up to \(maxWay) routers")
    }
    return brokers
  }

  private static func client(_ line: LineView) throws(Failure) -> String? {
    guard let client = line["client"]?.text else { return nil }
    guard client.utf8.count <= maxClientLength else {
      throw Failure(.badRequest, "client= is longer than \(maxClientLength) bytes")
    }
    return client
  }

  private static func each(_ line: LineView) throws(Failure) -> Int? {
    guard let value = line["each"] else { return nil }
    guard let count = seriesCount(value) else {
      throw Failure(.badRequest, "each= is not a number of sets of parameters, 1 to \(maxEach)")
    }
    guard let id = line["id"], isSeriesID(id) else {
      throw Failure(.badRequest, "each= needs id= with a number up to \(maxSeriesID)")
    }
    guard line["if-version"] == nil, line["way"] == nil else {
      throw Failure(.badRequest, "each= goes neither with if-version= nor with way=")
    }
    guard !DatabaseSelection.isSet(line["db"]?.text ?? "") else {
      throw Failure(.badRequest, "each= is for one database")
    }
    return count
  }

  /// Of the value of `each=`; nil when it is none.
  static func seriesCount(_ value: LineValue) -> Int? {
    value.int.flatMap { (1...maxEach).contains($0) ? $0 : nil }
  }

  /// Whether a series may begin with an id: then the others follow.
  static func isSeriesID(_ id: LineValue) -> Bool {
    guard let number = id.uint64, number <= maxSeriesID else { return false }
    return id.text == String(number)
  }

  private static func deadline(_ line: LineView) throws(Failure) -> Int? {
    guard let value = line["deadline"] else { return nil }
    guard let milliseconds = value.int, (0...maxDeadlineMilliseconds).contains(milliseconds) else {
      throw Failure(
        .badRequest, "deadline= is not a number of milliseconds up to \(maxDeadlineMilliseconds)")
    }
    return milliseconds
  }
}
