internal import Toolkit
internal import Wire

/// The command line, as it was understood.
package struct Invocation {
  package enum Mistake: Error, CustomStringConvertible {
    case wrong(String)
    case wantsHelp

    package var description: String {
      switch self {
      case .wrong(let why): why
      case .wantsHelp: "help"
      }
    }
  }

  private(set) var database: String?
  /// Nil for what suits standard output.
  private(set) var format: OutputFormat?
  private(set) var each: String?
  private(set) var watches = false
  /// The name of a first column with the database's name.
  private(set) var databaseColumn: String?
  private(set) var skipsFailed = false
  private(set) var show: Show.Subject?
  private(set) var printsStatistics = false
  private(set) var settings = Settings()
  /// A statement and the values of its parameters.
  private(set) var words: [String] = []

  private var arguments: ArraySlice<String>

  /// - Parameter options: the tool's own, besides those of all that query.
  package init(_ arguments: [String], _ options: inout some ToolOptions) throws(Mistake) {
    self.arguments = arguments[...]
    while let word = self.arguments.first, Self.isOption(word) {
      self.arguments.removeFirst()
      if word == "--" { break }
      try take(option: word, &options)
    }
    words = Array(self.arguments)
    try check(options)
  }

  /// What looks like an option among the values: its place would be before the SQL.
  var optionBehindSQL: String? {
    words.dropFirst().first { Self.isOption($0) && Double($0) == nil }
  }

  /// Whether there is nothing to ask.
  package var isEmpty: Bool { show == nil && database == nil }

  /// SQL may begin with a comment, which has a space or a new line; an option's value may have them too.
  private static func isOption(_ word: String) -> Bool {
    guard word.utf8.count > 1, word.hasPrefix("-") else { return false }
    let end = word.hasPrefix("--") ? word.utf8.firstIndex(of: UInt8(ascii: "=")) : nil
    return !word.utf8[..<(end ?? word.endIndex)].contains { $0 <= 0x20 }
  }

  private mutating func take(
    option word: String, _ options: inout some ToolOptions
  ) throws(Mistake) {
    var name = word
    var attached: String?
    if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
      name = String(word[..<equals])
      attached = String(word[word.index(after: equals)...])
    } else if !word.hasPrefix("--"), word.utf8.count > 2 {
      name = String(word.prefix(2))
      attached = String(word.dropFirst(2))
    }
    switch name {
    case "--watch": watches = true
    case "--skip-failed": skipsFailed = true
    case "--databases": try ask(.databases)
    case "--unordered": settings.isOrdered = false
    case "--stats": printsStatistics = true
    case "-h", "--help": throw .wantsHelp
    default:
      if options.take(flag: name) { break }
      return try take(option: name, attached: attached, &options)
    }
    guard attached == nil else { throw .wrong("\(name) takes no value") }
  }

  /// An option that has a value.
  private mutating func take(
    option name: String, attached: String?, _ options: inout some ToolOptions
  ) throws(Mistake) {
    let known = [
      "-d", "--db", "--db-column", "-f", "--format", "--each", "--show", "--timeout", "--tries",
    ]
    guard known.contains(name) || options.names.contains(name) else {
      throw .wrong("unknown option '\(name)'")
    }
    guard let value = attached ?? arguments.popFirst() else {
      throw .wrong("\(name) needs a value")
    }
    switch name {
    case "-d", "--db":
      guard database == nil else { throw .wrong("\(name) is given twice: -d a,b asks several") }
      guard !value.isEmpty else { throw .wrong("\(name) is the name of a database") }
      database = value
    case "--db-column":
      guard (1...QueryExtras.maxColumnLength).contains(value.utf8.count) else {
        throw .wrong("--db-column is a name of up to \(QueryExtras.maxColumnLength) bytes")
      }
      databaseColumn = value
    case "-f", "--format": format = try Self.choice(name, value, OutputFormat.init)
    case "--each": each = value
    case "--show": try ask(try Self.choice(name, value, Show.Subject.init))
    case "--timeout": settings.timeoutMilliseconds = try Self.milliseconds(name, value)
    case "--tries":
      guard let tries = Int(value), tries > 0 else {
        throw .wrong("--tries is not a number, 1 or more: '\(value)'")
      }
      settings.tries = tries
    default: try options.take(name, value)
    }
  }

  private mutating func ask(_ subject: Show.Subject) throws(Mistake) {
    guard show == nil else { throw .wrong("--show and --databases: one thing at a time") }
    show = subject
  }

  private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ value: String, _ choice: (String) -> Choice?
  ) throws(Mistake) -> Choice {
    guard let choice = choice(value) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .wrong("\(name) is one of \(known), not '\(value)'")
    }
    return choice
  }

  /// A time in seconds, with decimals.
  private static func milliseconds(_ name: String, _ value: String) throws(Mistake) -> Int {
    let most = ClientMessage.maxDeadlineMilliseconds / 1000
    guard let seconds = Double(value), seconds > 0, seconds <= Double(most) else {
      throw .wrong("\(name) is not a number of seconds above 0, up to \(most): '\(value)'")
    }
    return Int((seconds * 1000).rounded(.up))
  }

  private func check(_ options: some ToolOptions) throws(Mistake) {
    if isEmpty && options.needNoQuery {
      guard each == nil, words.isEmpty, !watches else {
        throw .wrong("which database? Name it with -d; --databases prints them")
      }
      return
    }
    if let show {
      guard database == nil, databaseColumn == nil, !skipsFailed, each == nil, words.isEmpty,
        !watches
      else {
        throw .wrong("--show \(show.rawValue) goes without a database, SQL and --watch")
      }
    } else if database == nil {
      throw .wrong("which database? Name it with -d; --databases prints them")
    } else if let each, !words.isEmpty {
      throw .wrong("the parameters of --each '\(each)' come from standard input, not '\(words[0])'")
    } else if watches, each != nil {
      throw .wrong("--watch is for one statement, and goes without --each")
    } else if watches, words.isEmpty {
      throw .wrong("--watch needs a statement on the command line")
    } else if watches, let database, DatabaseSelection.isSet(database) {
      throw .wrong("--watch is for one database: several have no version")
    } else if watches, !settings.isOrdered {
      throw .wrong("--watch prints one result after the other, and goes without --unordered")
    }
  }
}
