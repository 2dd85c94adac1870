package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// What ends a tool: printed as `tool: what: why`, and its exit status.
package struct ToolError: Error, Equatable, CustomStringConvertible {
  /// What was tried, and on what: `open /data/a.db`.
  package let what: String
  package let why: String
  package let status: ExitStatus

  package init(_ what: String, _ why: String, _ status: ExitStatus) {
    self.what = what
    self.why = why
    self.status = status
  }

  /// The system call that has just failed in this thread.
  package static func system(_ what: String, _ status: ExitStatus = .system) -> ToolError {
    ToolError(what, String(cString: strerror(errno)), status)
  }

  package init(_ error: ZMQError, _ status: ExitStatus = .system) {
    self.init(error.operation, error.reason, status)
  }

  /// Runs the body, whose ZeroMQ errors end the tool.
  package static func wrapping<Value: ~Copyable>(
    _ status: ExitStatus = .system, _ body: () throws(ZMQError) -> Value
  ) throws(ToolError) -> Value {
    do throws(ZMQError) {
      return try body()
    } catch {
      throw ToolError(error, status)
    }
  }

  package var description: String { "\(what): \(why)" }
}
