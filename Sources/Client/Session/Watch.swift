private import Toolkit
package import Wire
private import ZeroMQ

/// Asks for the rows of one query at once, and again whenever they may have changed.
///
/// It submits to a session one request after the other and takes what comes of each. The first one
/// asks for the rows. The next ones name the version of the last answer and wait, in the router,
/// until the database has another one; so nobody polls. Rows are printed when they are not, byte for
/// byte, those that were printed last: a database changes also where a query does not look.
package struct Watch {
  /// How long a request may wait for a change before it is answered `unchanged`, in addition to the
  /// time that its statement has. Each such wait starts anew with its tries.
  package static let waitMilliseconds = 300_000

  private let statement: Request
  private let query: Query
  private let timeoutMilliseconds: Int
  /// That of the last answer.
  private var version: String?
  /// The rows that were printed last.
  private var printed: Part?
  private var isUnderWay = false
  /// Whether the next request, or the one that is under way, waits for a change.
  private var waits = false
  /// Whether a failure has ended it.
  package private(set) var hasEnded = false

  /// - Parameters:
  ///   - query: that of the request.
  ///   - timeoutMilliseconds: what the statement has.
  package init(_ query: Query, _ request: Request, timeoutMilliseconds: Int) {
    statement = request
    self.query = query
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// The request to submit next, nil while one is under way and after the end.
  package mutating func next() -> Request? {
    guard !isUnderWay && !hasEnded else { return nil }
    isUnderWay = true
    var query = query
    query.ifVersion = version
    query.waitsForChange = waits
    return Request(
      .query(query), sql: statement.sql, parameters: statement.parameters, place: statement.place,
      timeoutMilliseconds: timeoutMilliseconds + (waits ? Self.waitMilliseconds : 0))
  }

  /// What the session's effects on its requests come to.
  package mutating func filter(_ effect: Session.Effect) -> [Session.Effect] {
    switch effect {
    case .print(let answer): take(answer)
    case .report(let error): take(error)
    case .send, .credit, .cancel, .printChunk, .complain, .connect, .giveUpConnecting: [effect]
    }
  }

  private mutating func take(_ answer: Answer) -> [Session.Effect] {
    isUnderWay = false
    waits = true
    var effects: [Session.Effect] = []
    if answer.outcome != .unchanged {
      version = answer.version
      if !(printed?.hasBytes(of: answer.body) ?? false) { effects.append(.print(answer)) }
      printed = answer.body
    }
    guard version == nil else { return effects }
    hasEnded = true
    let why = "the answer has no version, so that no change of it can be waited for"
    return effects + [.report(ToolError(statement.place.description, why, .crashed))]
  }

  private mutating func take(_ error: ToolError) -> [Session.Effect] {
    isUnderWay = false
    // A change may come when too little of the time is left for the statement, a router may be full
    // or restarted for long: what has worked is asked for once more without waiting.
    if waits && error.status == .tryAgain {
      waits = false
      return []
    }
    hasEnded = true
    return [.report(error)]
  }
}

extension Part {
  fileprivate func hasBytes(of other: Part) -> Bool {
    withBytes { bytes in other.withBytes { bytes.elementsEqual($0) } }
  }
}
