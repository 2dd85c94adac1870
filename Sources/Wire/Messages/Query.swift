/// A request to run a statement.
///
/// Those of one client mostly have all but the id and the deadline in common, and are copied often: so that
/// has an object of its own, which they share.
package struct Query: Equatable, Sendable {
  /// The client's own, unique among what it has in flight; nil when it sends one at a time.
  package var id: String?
  /// From the request's arrival; nil for the router's default.
  package var deadlineMilliseconds: Int?
  private var form: Form

  private final class Form: Sendable {
    let content: Content
    let namesSeveral: Bool

    init(_ content: Content) {
      self.content = content
      namesSeveral = DatabaseSelection.isSet(content.database) && content.way.isEmpty
    }
  }

  private struct Content: Equatable {
    var database: String
    var format: Format
    var ifVersion: String?
    var waitsForChange: Bool
    var credit: Int?
    var way: [String]
    var client: String?
    var each: Int?
    var extras: QueryExtras?
  }

  package init(
    id: String?, database: String, format: Format, deadlineMilliseconds: Int? = nil,
    ifVersion: String? = nil, waitsForChange: Bool = false, credit: Int? = nil, way: [String] = [],
    client: String? = nil, each: Int? = nil, extras: QueryExtras? = nil
  ) {
    self.id = id
    self.deadlineMilliseconds = deadlineMilliseconds
    form = Form(
      Content(
        database: database, format: format, ifVersion: ifVersion,
        waitsForChange: waitsForChange, credit: credit, way: way, client: client,
        each: each, extras: extras))
  }

  private var content: Content {
    get { form.content }
    set { form = Form(newValue) }
  }

  package var database: String {
    get { form.content.database }
    set { content.database = newValue }
  }

  package var format: Format { form.content.format }

  /// The version of the database at which the client has the answer already: while that is the
  /// current one, the answer is `unchanged`.
  package var ifVersion: String? {
    get { form.content.ifVersion }
    set { content.ifVersion = newValue }
  }

  /// Whether an unchanged answer is to wait for a change, or for the deadline.
  package var waitsForChange: Bool {
    get { form.content.waitsForChange }
    set { content.waitsForChange = newValue }
  }

  /// How many chunks of the result may be sent before more are asked for; nil when the result is to
  /// come in one message.
  package var credit: Int? {
    get { form.content.credit }
    set { content.credit = newValue }
  }

  /// The routers that it has come through, by their names for each other: it goes to none of them again.
  package var way: [String] {
    get { form.content.way }
    set { content.way = newValue }
  }

  /// Whose it is, if the connection is not that client's own: by a name that the router has for it to which
  /// it was sent.
  package var client: String? {
    get { form.content.client }
    set { content.client = newValue }
  }

  /// How many sets of parameters there are, if it is a series: as many requests, which have all else in
  /// common and ids that count up from this one's, a decimal number. Nil for one that is just one.
  package var each: Int? {
    get { form.content.each }
    set { content.each = newValue }
  }

  /// The id of one of a series.
  /// - Parameter index: counted from 0.
  package static func id(_ index: Int, of series: String?) -> String? {
    series.flatMap(UInt64.init).map { String($0 + UInt64(index)) }
  }

  /// What few ask for.
  package var extras: QueryExtras? { form.content.extras }

  /// Whether the database's name reads as several. Where it has come from, that was looked at already.
  package var namesSeveral: Bool { form.namesSeveral }

  package static func == (a: Query, b: Query) -> Bool {
    a.id == b.id && a.deadlineMilliseconds == b.deadlineMilliseconds
      && (a.form === b.form || a.form.content == b.form.content)
  }
}

extension Query {
  var line: Line {
    var line = Line("QUERY")
      .with("db", database)
      .with("id", id)
      .with("format", format.rawValue)
      .with("deadline", deadlineMilliseconds)
      .with("if-version", ifVersion)
      .with("wait", waitsForChange ? "change" : nil)
      .with("credit", credit)
      .with("way", way.isEmpty ? nil : way.joined(separator: ","))
      .with("client", client)
      .with("each", each)
    line.append(extras)
    return line
  }
}
