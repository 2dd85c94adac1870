import ArgumentParser
import Client
import Toolkit
import Wire

#if canImport(Glibc)
private import Glibc
#endif

@main
struct Main {
  static func main() {
    Tool.main(RequestCommand.self)
  }
}

struct RequestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xodb-req",
    abstract: "Run queries on the databases of an XODB cluster and print the rows.",
    discussion: help)

  @Option(name: [.short, .customLong("db")], help: "The database, by its name.")
  var database: String?

  @Option(
    name: .shortAndLong,
    help: "How rows are printed (default: table on a terminal, otherwise json).")
  var format: OutputFormat?

  @Option(
    help: ArgumentHelp(
      "Run this once for each line of standard input, with its fields as parameters.",
      valueName: "sql"))
  var each: String?

  @Flag(
    help: """
      Print the rows at once, and again whenever they have changed, each time with an empty line \
      behind them, until it is interrupted or fails.
      """)
  var watch = false

  @Option(
    help: ArgumentHelp(
      "Print what the router knows of these: \(Show.Subject.list).", valueName: "subject"))
  var show: Show.Subject?

  @Flag(help: "Print the databases that can be queried: --show databases.")
  var databases = false

  @Option(help: ArgumentHelp("How long a query may take.", valueName: "seconds"))
  var timeout: Timeout = .default

  @Option(
    help: ArgumentHelp(
      "How often a query is sent, at most; otherwise as often as its time allows.", valueName: "n"))
  var tries: Int?

  @Option(
    help: ArgumentHelp(
      "Where the router is (default: the one of the run directory).", valueName: "endpoint"))
  var router: String?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("A statement and the values of its parameters.", valueName: "sql [param]"))
  var words: [String] = []

  func run() throws {
    // Whoever closes the pipe has seen enough.
    signal(SIGPIPE, SIG_DFL)
    let format = format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json)
    var settings = Settings()
    settings.timeoutMilliseconds = timeout.milliseconds
    if let tries { settings.tries = tries }
    var conversation = try Conversation(
      to: try router ?? RunDirectory().clients, settings,
      try source(format.wire), Printer(tables: format == .table, marksEnds: watch))
    Tool.exit(try conversation.run())
  }

  mutating func validate() throws {
    try checkPassthrough()
    guard tries ?? 1 > 0 else { throw ValidationError("--tries is less than 1") }
    if databases || show != nil {
      let option = databases ? "--databases" : "--show"
      guard database == nil, each == nil, words.isEmpty, !watch, !databases || show == nil else {
        throw ValidationError("\(option) goes without a database, SQL and --watch")
      }
    } else if database == nil {
      throw ValidationError("which database? Name it with -d; --databases prints them")
    } else if each != nil, !words.isEmpty {
      throw ValidationError("the parameters of --each come from standard input")
    } else if watch, words.isEmpty {
      throw ValidationError("--watch needs a statement on the command line")
    }
  }

  /// Finds the options among what was passed through because the parser did not know it.
  private mutating func checkPassthrough() throws {
    switch words.first {
    case "--": words.removeFirst()
    case "-h", "--help": throw CleanExit.helpRequest(self)
    case "--experimental-dump-help": throw CleanExit.message(Self._dumpHelp())
    case let word? where word.hasPrefix("-") && !word.utf8.contains(where: { $0 <= 0x20 }):
      throw ValidationError("unknown option '\(word)'")
    default: break
    }
  }

  private func source(_ format: Format) throws(ToolError) -> Source {
    let query = Query(id: nil, database: database ?? "", format: format)
    if let subject = databases ? .databases : show {
      let show = Show(id: nil, subject: subject, format: format)
      return Source(Request(.show(show), sql: [], place: .argument(subject.rawValue)), query)
    }
    if let each { return Source(.values(sql: Array(each.utf8)), query) }
    guard let sql = words.first else { return Source(.statements, query) }
    let values = words.dropFirst().map { Value(literal: $0) }
    let request = Request(
      .query(query), sql: Array(sql.utf8),
      parameters: values.isEmpty ? [] : Parameters.positional(values).json(),
      place: .argument(query.database))
    return watch
      ? Source(Watch(query, request, timeoutMilliseconds: timeout.milliseconds), query)
      : Source(request, query)
  }
}
