package import ArgumentParser
package import Toolkit

/// For tools that serve. Those that are started for a moment do without this: the parser, and the
/// Foundation that it brings, take longer to start than all the rest.
extension Tool {
  /// Reads the command line and runs the command.
  package static func main<Command: ParsableCommand>(_ command: Command.Type) -> Never {
    run { arguments in
      do {
        var command = try Command.parseAsRoot(arguments)
        try command.run()
      } catch {
        guard !(error is ToolError), Command.exitCode(for: error) != .success else {
          if error is ToolError { throw error }
          Command.exit(withError: error)
        }
        misused(Command.message(for: error))
      }
    }
  }
}
