/// Why a request was not answered with rows. The final answer's `code=`.
package enum ErrorCode: String, Sendable, CaseIterable {
  /// SQLite refused or broke off the statement; the message is its own.
  case sql
  /// The queue is full. Can be tried again.
  case busy
  /// The time that the request had is over.
  case deadline
  /// The client took the request back.
  case cancelled
  /// As many workers as a request may use up died while they ran it.
  case crashed
  /// The request has killed workers before, and is refused for a while.
  case quarantined
  /// No worker has a database of this name.
  case noSuchDatabase = "no-such-database"
  /// The answer or the request is larger than the limit.
  case tooLarge = "too-large"
  /// The statement does what is not allowed here.
  case denied
  /// The message is not one of the protocol's.
  case badRequest = "bad-request"
  /// The router is about to end. Can be tried again.
  case draining
  /// A stream was broken off after some of it had been sent, or the client does not read its answers.
  case aborted
}
