internal import Client
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

@main
struct Main {
  /// In bytes; what is laid out as a table takes several times as much.
  private static let maxTableBytes = 64 << 20

  static func main() {
    Tool.run { arguments in
      do {
        try run(try Invocation(arguments))
      } catch Invocation.Mistake.wantsHelp {
        try Output.write(Array(help.utf8))
      } catch Invocation.Mistake.wrong(let why) {
        Tool.misused(why)
      }
    }
  }

  private static func run(_ invocation: Invocation) throws {
    // Whoever closes the pipe has seen enough.
    signal(SIGPIPE, SIG_DFL)
    let format = invocation.format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json)
    var settings = invocation.settings
    settings.maxWholeBytes = format == .table ? maxTableBytes : nil
    var conversation = try Conversation(
      to: try invocation.router ?? RunDirectory().clients, settings,
      source(invocation, format.wire),
      Printer(tables: format == .table, marksEnds: invocation.watches), format.wire)
    // Within its life: to close sockets would only take time.
    try conversation.run(printingStatistics: invocation.printsStatistics)
  }

  private static func source(_ invocation: Invocation, _ format: Format) -> Source {
    if let subject = invocation.show {
      let show = Show(id: nil, subject: subject, format: format)
      return Source(Request(.show(show), sql: [], place: .argument(subject.rawValue)))
    }
    let query = Query(
      id: nil, database: invocation.database ?? "", format: format,
      credit: invocation.watches ? nil : 1)
    let place = Place.argument(query.database)
    if let each = invocation.each {
      return Source(.values(Request(.query(query), sql: Array(each.utf8), place: place)))
    }
    guard let sql = invocation.words.first else {
      return Source(.statements(Request(.query(query), sql: [], place: place)))
    }
    let values = invocation.words.dropFirst().map { Value(literal: $0) }
    let request = Request(
      .query(query), sql: Array(sql.utf8),
      parameters: values.isEmpty ? [] : Parameters.positional(values).json(), place: place)
    guard invocation.watches else { return Source(request) }
    let milliseconds = invocation.settings.timeoutMilliseconds
    return Source(Watch(query, request, timeoutMilliseconds: milliseconds), request)
  }
}
