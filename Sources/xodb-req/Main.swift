internal import Client
internal import Toolkit
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

@main
struct Main {
  static func main() {
    Tool.run { arguments in
      do {
        var options = Options()
        let invocation = try Invocation(arguments, &options)
        try run(invocation, options)
      } catch Invocation.Mistake.wantsHelp {
        try Output.write(Array(help.utf8))
      }
    }
  }

  private static func run(_ invocation: Invocation, _ options: Options) throws {
    // Whoever closes the pipe has seen enough.
    signal(SIGPIPE, SIG_DFL)
    let endpoint = try options.router ?? ownRouter()
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    var loop = try ClientLoop(invocation, to: endpoint, in: context)
    // Within its life: to close sockets would only take time.
    Tool.exit(try loop.run())
  }

  private static func ownRouter() throws(ToolError) -> String {
    let directory = try RunDirectory()
    try directory.check()
    return directory.clients
  }
}
