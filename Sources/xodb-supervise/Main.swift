internal import ArgumentParser
internal import Commands
internal import Supervision
internal import Toolkit

@main
struct Main {
  static func main() {
    Tool.main(Supervise.self)
  }
}

struct Supervise: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xodb-supervise",
    abstract: "Keep N copies of a command running.",
    discussion: """
        xodb-supervise --name workers -n 4 -- xodb-worker --data /srv/data

      The copies are called NAME-1 to NAME-N. One that ends after 5 s or more is started again at \
      once; one that ends earlier after 100 ms, doubling up to 10 s, as often as it takes. \
      xodb-events shows what happens.

      A copy finds its name in XODB_NAME, XODB_GENERATION (a number that never repeats) and \
      XODB_SUPERVISOR; it writes a newline to descriptor XODB_READY_FD once it is ready; \
      XODB_GRACE_MS is how long it may take to end, and XODB_LIFELINE_FD hangs up when the supervisor \
      is gone. All that is meant for the process whose pid is in XODB_PID. Supervisors nest.

      HUP restarts the copies one by one, each when the one before it is back. TTIN adds one, TTOU \
      removes the last one. TERM and INT tell each copy to end with TERM and kill those that have \
      not ended after the grace; a second one kills at once. Nothing in the copies' process groups \
      outlives them, or the supervisor.

      Exit status: 0 after a requested end, 64 wrong usage, 71 the system refused something, 73 \
      the name or the address is taken, 77 the address could be reached from other hosts, 126 the command cannot be executed, 127 there is no such command.
      """)

  @Option(
    help: ArgumentHelp(
      """
      The name to publish under, unique in the run directory: 1 to 28 letters, digits, '-', '_' or '.', \
      and no '.' in front.
      """))
  var name: String

  @Option(
    name: .customShort("n"), help: ArgumentHelp("How many copies to run, 1 to 512.", valueName: "n")
  )
  var count = 1

  @Option(
    help: ArgumentHelp(
      "How long a copy that was told to end may take for it.", valueName: "seconds"))
  var grace = 10.0

  @Option(
    help: ArgumentHelp(
      """
      Publish here too, for a router on another host: tcp://ADDRESS:PORT. No other supervisor that it \
      hears may have the same name.
      """, valueName: "endpoint"))
  var bind: String?

  @Flag(
    help: "Listen also where other hosts can connect. Whoever reaches that may hear what happens.")
  var trustNetwork = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The command and its arguments.", valueName: "command"))
  var command: [String]

  mutating func run() throws {
    guard (1...Settings.maxChildren).contains(count) else {
      throw ToolError("-n \(count)", "it is not between 1 and \(Settings.maxChildren)", .usage)
    }
    guard grace >= 0, grace <= 86_400 else {
      throw ToolError("--grace \(grace)", "it is not between 0 and 86400", .usage)
    }
    guard !command.isEmpty else {
      throw ToolError("command", "there is none behind --", .usage)
    }
    let settings = Settings(
      name: name, count: count, graceMilliseconds: Int((grace * 1000).rounded(.up)))
    // Copies may publish under their own names, so those must be names as well, also later ones.
    let room = PublisherName.maxLength - "-\(Settings.maxChildren)".utf8.count
    _ = try PublisherName(name, maxLength: room)
    if let bind { try Endpoint.checkBind(bind, trustsNetwork: trustNetwork) }
    try Station.run(settings, command, boundTo: bind)
  }
}
