internal import Synchronization
package import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// What a supervisor tells its child: in the environment, and by two descriptors.
///
/// - `XODB_NAME`, `XODB_GENERATION`, `XODB_SUPERVISOR`: who it is and whose.
/// - `XODB_GRACE_MS`: how long it may take to end after TERM, until it is killed.
/// - `XODB_READY_FD`: where it writes `Notice`s: a newline once it is ready (s6 calls this
///   notification-fd), and what else it has to tell.
/// - `XODB_LIFELINE_FD`: a pipe that hangs up when the supervisor is gone.
/// - `XODB_PID`: for whom all that is meant. It is not for those whom that process starts: what they
///   would say would pass for its own.
package final class Supervised: Sendable {
  /// Nil for a process that somebody started by hand.
  package let member: Member?
  package let supervisor: String?
  /// Nil for as long as it takes.
  package let graceMilliseconds: Int?
  /// Becomes readable when the supervisor is gone.
  package let lifeline: Int32?
  private let notices: Int32?
  private let told = Mutex<Set<Notice>>([])

  package init() throws(ToolError) {
    switch (try Self.variable("XODB_NAME"), try Self.variable("XODB_GENERATION")) {
    case (nil, nil): member = nil
    case (let name?, let number?):
      guard let generation = Int64(number), generation >= 0 else {
        throw ToolError("XODB_GENERATION=\(number)", "it is not a number", .usage)
      }
      member = Member(name: try PublisherName(name).text, generation: generation)
    case (.some, nil), (nil, .some):
      throw ToolError("environment", "XODB_NAME and XODB_GENERATION go together", .usage)
    }
    supervisor = try Self.variable("XODB_SUPERVISOR").map { name throws(ToolError) in
      try PublisherName(name).text
    }
    graceMilliseconds = try Self.variable("XODB_GRACE_MS").map { text throws(ToolError) in
      guard let number = Int(text), (0...86_400_000).contains(number) else {
        throw ToolError("XODB_GRACE_MS=\(text)", "it is not a number of milliseconds", .usage)
      }
      return number
    }
    let notices = try Self.descriptor("XODB_READY_FD")
    // A supervisor that does not read must not hold its children up.
    if let notices, fcntl(notices, F_SETFL, O_WRONLY | O_NONBLOCK) != 0 {
      throw .system("XODB_READY_FD=\(notices)")
    }
    self.notices = notices
    lifeline = try Self.descriptor("XODB_LIFELINE_FD")
  }

  /// Tells the supervisor something, from any thread; all but `alive` it is told only once.
  package func say(_ notice: Notice) {
    guard let notices else { return }
    told.withLock { told in
      guard !told.contains(notice) else { return }
      var byte = notice.rawValue
      // A supervisor that is gone hears nothing; the lifeline tells about that. One that does not
      // read just now is told the next time.
      let isTold = write(notices, &byte, 1) > 0 || errno != EAGAIN
      if isTold && notice != .alive { told.insert(notice) }
    }
  }

  /// The value of a variable, nil when it is not set, empty, or meant for another process.
  private static func variable(_ name: String) throws(ToolError) -> String? {
    guard try Environment["XODB_PID"].map({ $0 == String(getpid()) }) ?? true else { return nil }
    return try Environment[name]
  }

  /// An open descriptor named by a variable, from now on closed for programs started from here.
  private static func descriptor(_ variable: String) throws(ToolError) -> Int32? {
    guard let text = try Self.variable(variable) else { return nil }
    guard let number = Int32(text), number > STDERR_FILENO else {
      throw ToolError("\(variable)=\(text)", "it is not a descriptor", .usage)
    }
    guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw .system("\(variable)=\(text)") }
    return number
  }
}
