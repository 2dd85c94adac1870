internal import SQLite

/// Lets statements do nothing but read the database they are for.
final class ReadPolicy {
  /// Functions that reach out of the database, where a build or an extension has them.
  private static let deniedFunctions: Set<String> = [
    "load_extension", "fts3_tokenizer", "readfile", "writefile", "edit",
  ]
  /// Tables that are no part of the database: files, and the statements of other clients.
  private static let deniedTables: Set<String> = ["fsdir", "sqlite_stmt"]
  private static let pragmasWithArgument: Set<String> = [
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
    "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
  ]
  private static let pragmasWithoutArgument = pragmasWithArgument.union([
    "schema_version", "user_version", "application_id", "page_count", "page_size",
    "freelist_count", "encoding", "compile_options", "function_list", "module_list",
    "collation_list", "pragma_list", "data_version", "journal_mode",
  ])

  /// What was denied last, in words.
  private(set) var denial: String?

  /// Whether the statement asks for the journal mode, for which SQLite says that it may write.
  private(set) var asksForJournalMode = false

  /// Whether a statement that writes is denied at once, and not only after it was compiled.
  ///
  /// Virtual tables compile their own writes when they are first read (R-Tree does), and the
  /// authorizer cannot tell whose a write is. So writes are first compiled and then denied by
  /// `Statement.isReadOnly`; compiled once more, by then with the tables at hand, they are denied
  /// with their names.
  var deniesWrites = false

  /// Whether what is compiled is our own.
  var allowsAll = false

  /// Forgets what was denied before.
  func begin() {
    denial = nil
    asksForJournalMode = false
    deniesWrites = false
  }

  func allows(_ access: Access) -> Bool {
    guard !allowsAll, let reason = reasonToDeny(access) else { return true }
    denial = reason
    return false
  }

  private func reasonToDeny(_ access: Access) -> String? {
    let first = access.first ?? ""
    switch access.kind {
    case .select, .recursive: return nil
    case .read:
      return Self.deniedTables.contains(first.lowercased()) ? "\(first) is not allowed" : nil
    case .function:
      let name = access.second ?? ""
      return Self.deniedFunctions.contains(name.lowercased()) ? "\(name)() is not allowed" : nil
    case .pragma:
      let (name, argument) = (first.lowercased(), access.second)
      let allowed = argument == nil ? Self.pragmasWithoutArgument : Self.pragmasWithArgument
      if name == "journal_mode" { asksForJournalMode = argument == nil }
      guard !allowed.contains(name) else { return nil }
      return "PRAGMA \(name)\(argument.map { "=\($0)" } ?? "") is not allowed"
    case .insert, .update, .delete:
      return deniesWrites ? Self.refusal(of: access) : nil
    default: return Self.refusal(of: access)
    }
  }

  /// - Returns: `INSERT on t: the database is read only` for what writes.
  private static func refusal(of access: Access) -> String {
    let verb = access.kind == .transaction ? access.first ?? "" : access.kind.verb
    guard access.kind.isWrite else { return "\(verb) is not allowed" }
    // ALTER TABLE names the schema first.
    let object = access.kind == .alterTable ? access.second : access.first
    return "\(verb)\(object.map { " on \($0)" } ?? ""): the database is read only"
  }
}
