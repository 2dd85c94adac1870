internal import Synchronization
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// The frame around every tool, which turns errors into `tool: what: why` and an exit status.
package enum Tool {
  /// Runs the tool to its end with its arguments.
  package static func run(_ body: ([String]) throws -> Void) -> Never {
    StandardStreams.claim()
    do {
      try body(try arguments())
      exit(.success)
    } catch let error as ToolError {
      exit(after: error)
    } catch let error as ZMQError {
      exit(after: ToolError(error))
    } catch {
      misused("\(error)")
    }
  }

  /// Ends the tool, whose command line is wrong.
  package static func misused(_ why: String) -> Never {
    Diagnostics.report(why)
    Diagnostics.report("see \(Diagnostics.tool) --help")
    exit(.usage)
  }

  private static let isEnding = Atomic(false)

  /// Ends the tool, from any thread.
  package static func exit(after error: ToolError) -> Never {
    // Where several threads fail, the first one says why.
    while isEnding.exchange(true, ordering: .relaxed) { pause() }
    Diagnostics.report(error)
    exit(error.status)
  }

  package static func exit(_ status: ExitStatus) -> Never {
    // Sockets and files need no farewell; threads that libzmq still runs must not delay the end.
    _exit(status.rawValue)
  }

  /// The arguments, each of which must be UTF-8: Swift would silently repair them.
  private static func arguments() throws(ToolError) -> [String] {
    // Swift has them from /proc.
    guard CommandLine.argc > 0 else {
      throw ToolError("read the arguments", "the system does not say them", .system)
    }
    var arguments: [String] = []
    for index in 1..<Int(CommandLine.argc) {
      guard let bytes = CommandLine.unsafeArgv[index] else { break }
      guard let text = String(validatingCString: bytes) else {
        throw ToolError("argument \(index)", "it is not UTF-8", .usage)
      }
      arguments.append(text)
    }
    return arguments
  }

  /// For tools that serve: to write to a pipe whose reader is gone, or more than a file may have, is an
  /// error there, not the end.
  package static func surviveFailedWrites() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
