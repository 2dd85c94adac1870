package import ArgumentParser
package import Toolkit

/// For tools that serve. Those that are started for a moment do without this: the parser, and the
/// Foundation that it brings, take longer to start than all the rest.
extension Tool {
  /// Reads the command line and runs the command.
  package static func main<Command: ParsableCommand>(_ command: Command.Type) -> Never {
    run { arguments in
      var own: Command?
      do {
        var command = try Command.parseAsRoot(arguments)
        own = command as? Command
        // Help and the like are commands of the parser's own.
        if own == nil { try command.run() }
      } catch {
        if Command.exitCode(for: error) == .success {
          try Output.write(Array("\(Command.fullMessage(for: error))\n".utf8))
          exit(.success)
        }
        misused(Command.message(for: error))
      }
      try own?.run()
    }
  }
}
