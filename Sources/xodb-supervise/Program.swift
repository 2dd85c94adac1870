internal import CLinux
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// The command that the children run, and its environment, as execve(2) wants them.
final class Program {
  typealias CString = UnsafeMutablePointer<CChar>

  let name: String
  /// How many descriptors it may have open.
  let descriptors: UInt
  private let supervisor: String
  private let graceMilliseconds: Int
  private let arguments: [CString?]
  /// What is inherited, without the variables that each child gets anew. Bytes, not text: what is
  /// not UTF-8 must arrive as it was.
  private let inherited: [CString]

  private static let variables = [
    "XODB_NAME", "XODB_GENERATION", "XODB_SUPERVISOR", "XODB_GRACE_MS",
    "XODB_READY_FD", "XODB_LIFELINE_FD", "XODB_PID",
  ]

  /// - Parameters:
  ///   - command: the program and its arguments, not empty.
  ///   - graceMilliseconds: how long it may take to end.
  init(_ command: [String], supervisor: String, graceMilliseconds: Int, descriptors: UInt) {
    name = command.first ?? ""
    self.supervisor = supervisor
    self.graceMilliseconds = graceMilliseconds
    self.descriptors = descriptors
    arguments = command.map { strdup($0) } + [nil]
    var inherited: [CString] = []
    var next = clinux_environment()
    while let entry = next?.pointee {
      if !Self.variables.contains(where: { strncmp(entry, "\($0)=", $0.utf8.count + 1) == 0 }) {
        inherited.append(entry)
      }
      next = next?.successor()
    }
    self.inherited = inherited
  }

  deinit {
    for argument in arguments { free(argument) }
  }

  /// Lends the arguments and the environment of one child, and where in that its pid is to be entered.
  func withVectors<Result>(
    for member: Member,
    _ body: (UnsafePointer<CString?>, UnsafePointer<CString?>, CString) -> Result
  ) -> Result {
    let variables = [
      "XODB_NAME=\(member.name)", "XODB_GENERATION=\(member.generation)",
      "XODB_SUPERVISOR=\(supervisor)", "XODB_GRACE_MS=\(graceMilliseconds)",
      "XODB_READY_FD=3", "XODB_LIFELINE_FD=4",
    ]
    // Only the child knows its pid, and must not allocate: there is room for the longest one.
    let pid = "XODB_PID="
    guard let pidEntry = strdup(pid + String(Int32.max)) else {
      preconditionFailure("there is no memory")
    }
    let own: [CString?] = variables.map { strdup($0) } + [pidEntry]
    defer { for entry in own { free(entry) } }
    let environment = inherited + own + [nil]
    return arguments.withUnsafeBufferPointer { arguments in
      environment.withUnsafeBufferPointer { environment in
        guard let first = arguments.baseAddress, let second = environment.baseAddress else {
          preconditionFailure("vectors end with nil, so they are not empty")
        }
        return body(first, second, pidEntry + pid.utf8.count)
      }
    }
  }
}
