/// A database that a worker can be asked for.
package struct ServedDatabase: Equatable, Hashable, Sendable {
  /// Of 1 to `ClientMessage.maxNameLength` bytes: what a `db=` can ask for.
  package let name: String
  /// Why it cannot be queried, when its file cannot be used. It is named all the same, so that
  /// whoever asks for it is told.
  package let error: String?

  package init(name: String, error: String? = nil) {
    self.name = name
    self.error = error
  }

  /// A list of databases as a frame: a line each.
  package static func encode(_ databases: [ServedDatabase]) -> [UInt8] {
    var bytes: [UInt8] = []
    for database in databases {
      let line = Line("database").with("name", database.name).with("error", database.error)
      line.withBytes { bytes += $0 }
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Reads such a frame.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(LineError) -> [ServedDatabase] {
    var databases: [ServedDatabase] = []
    for text in bytes.split(separator: UInt8(ascii: "\n")) {
      let line = try LineView(parsing: UnsafeRawBufferPointer(rebasing: text))
      guard let name = line["name"]?.text,
        (1...ClientMessage.maxNameLength).contains(name.utf8.count)
      else { throw LineError(why: "name= is not the name of a database", offset: 0) }
      databases.append(ServedDatabase(name: name, error: line["error"]?.text))
    }
    return databases
  }
}
