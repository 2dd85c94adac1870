internal import Client
internal import Toolkit

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
        let data = try options.checked()
        // Whoever closes the pipe has seen enough, unless others are served.
        signal(SIGPIPE, options.bind.isEmpty ? SIG_DFL : SIG_IGN)
        let node = try Node(options, hasQueries: !invocation.isEmpty)
        try node.run(invocation, data: data)
      } catch Invocation.Mistake.wantsHelp {
        try Output.write(Array(help.utf8))
      }
    }
  }
}
