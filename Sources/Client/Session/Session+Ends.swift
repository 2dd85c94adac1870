internal import DequeModule
internal import Toolkit
internal import Wire

/// How requests end.
extension Session {
  /// Notes that a request fails which a router might have answered.
  mutating func noteUnreached(_ slot: Int) {
    guard !isConnected, entries[slot].number < unreached?.number ?? .max else { return }
    unreached = entries[slot]
  }

  /// Gives a request up whose time is over.
  mutating func expire(_ slot: Int) {
    noteUnreached(slot)
    let sends = entries[slot].sends
    let chunks = chunksReceived(for: slot)
    let why =
      if chunks > 0 {
        "its time was over after \(chunks) chunks of the result"
      } else if sends == 0 {
        "no router to send it to until its time was over"
      } else {
        "no answer came in its time, \(Self.times(sends))"
      }
    fail(slot, nil, why)
  }

  /// The router has refused it.
  mutating func fail(_ slot: Int, _ failure: Failure) {
    guard let request = entries[slot].request else { return }
    statistics.fail(failure.code)
    finish(slot, .failed(request.place.error(failure, sql: request.sql)))
  }

  /// It has failed on the way, with the status of a code, if it has one.
  mutating func fail(
    _ slot: Int, _ code: ErrorCode?, _ why: String, _ status: ExitStatus = .tryAgain
  ) {
    let what = entries[slot].request?.place.description ?? "request"
    statistics.fail(code)
    finish(slot, .failed(ToolError(what, why, code?.exitStatus ?? status)))
  }

  /// It could not be sent: what the input has there is no request, or it could not be read.
  mutating func fail(_ slot: Int, _ error: ToolError) {
    statistics.fail(error.status == .badQuery ? .badRequest : nil)
    finish(slot, .failed(error))
  }

  /// Nobody answers any more: counts all that is open as unanswered, and returns where the first request
  /// stands whose result is not printed.
  package mutating func giveUp() -> Place? {
    let open = entries.inOrder.filter { !entries[$0].isFinished }
    for _ in open { statistics.fail(nil) }
    let first = open.first.map { entries[$0] }
    return [unreached, first].compactMap(\.self).min { $0.number < $1.number }?.request?.place
  }

  /// Only printing is left.
  mutating func finish(_ slot: Int, _ state: Entry.State) {
    entries[slot].state = state
    finished += 1
    guard !settings.isOrdered else { return }
    // What is behind a stream is not printed before its end is.
    if stream?.slot == slot { order.prepend(slot) } else { order.append(slot) }
  }

  /// Whether an answer of so many bytes can be kept until it is printed; one that is next always can.
  func hasRoom(for count: Int, of slot: Int) -> Bool {
    guard answerBytes + count > settings.maxAnswerBytes, answerBytes > 0,
      entries[slot].request?.credit ?? 0 > 0
    else { return true }
    return order.first { settings.isOrdered && !entries[$0].isFinished } == slot
      || stream?.slot == slot || soloist == slot
  }

  static func times(_ sends: Int) -> String {
    sends == 1 ? "sent once" : "sent \(sends) times"
  }
}
