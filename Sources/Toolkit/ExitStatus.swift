/// What the tools' exit statuses mean. The numbers are those of sysexits.h, and env(1)'s for a
/// command that cannot be run.
package enum ExitStatus: Int32, Sendable {
  case success = 0
  /// The command line is wrong.
  case usage = 64
  /// The query or the input is bad: the same again fails again.
  case badQuery = 65
  /// There is no such database, file or directory.
  case notFound = 66
  /// No cluster answers there.
  case unavailable = 69
  /// The query crashed the workers that ran it, or a peer broke the protocol.
  case crashed = 70
  /// The operating system refused something.
  case system = 71
  /// Something is in use, or cannot be made: a lock, an endpoint, a directory.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// Not now: try again.
  case tryAgain = 75
  /// Not allowed.
  case denied = 77
  /// A worker's query could be stopped only by ending the worker, which it did itself.
  case overdue = 79
  /// A command is there and cannot be executed.
  case cannotExecute = 126
  /// There is no such command.
  case noSuchCommand = 127
}
