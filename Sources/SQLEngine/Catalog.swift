internal import Toolkit
internal import Wire

/// Which databases there are: those of a directory, and single files.
struct Catalog {
  /// A file with such an extension is listed also when it cannot be used, with the reason.
  private static let databaseExtensions: Set<Substring> = [
    "db", "sqlite", "sqlite3", "db3", "s3db", "sl3",
  ]
  /// What SQLite puts beside a database.
  private static let companionSuffixes = ["-wal", "-shm", "-journal"]

  private let directory: String?
  private let files: [String]
  /// All regular files by their paths, so that none is opened twice for nothing.
  private var seen: [String: CatalogEntry] = [:]
  private var entries: [String: CatalogEntry] = [:]

  /// The list, by name.
  private(set) var databases: [ServedDatabase] = []
  /// The files that are written to when a database changes, with its name.
  private(set) var watchedFiles: [String: String] = [:]
  /// Changes whenever the list or the watched files do.
  private(set) var revision = 0
  /// Changes whenever anything does that is known of a file.
  private(set) var changes = 0

  /// - Throws: when the directory cannot be read, or a single file cannot be used.
  init(directory: String?, files: [String]) throws(OpenError) {
    self.directory = directory.map(Path.anchored)
    self.files = files.map(Path.anchored)
    if let directory {
      do throws(SystemError) {
        _ = try Directory.fileNames(directory)
      } catch {
        throw OpenError(path: directory, why: error.description)
      }
    }
    for file in files {
      if let problem = Self.problem(Path.anchored(file)) {
        throw OpenError(path: file, why: problem)
      }
    }
    rescan()
  }

  private static func problem(_ path: String) -> String? {
    guard let status = FileStatus(path) else { return SystemError.last.description }
    guard status.isRegular else { return "not a regular file" }
    guard CatalogEntry.canBeNamed(path) else { return "its name is too long to be asked for" }
    return CatalogEntry(path: path, status: status).problem
  }

  /// What is known under a name.
  subscript(name: String) -> CatalogEntry? { entries[name] }

  /// Looks at the file of one name.
  /// - Returns: what it is now; nil when only a rescan can tell.
  mutating func current(_ name: String) -> CatalogEntry? {
    guard let entry = entries[name], !entry.isConflict, let now = FileStatus(entry.path),
      now.isRegular
    else { return nil }
    guard entry.isOutdated(now) else { return entry }
    var updated = entry
    updated.update(now)
    changes += 1
    seen[entry.path] = updated
    entries[name] = updated
    if !updated.isPublished(like: entry) { publish() }
    return updated
  }

  /// Looks again which files there are.
  ///
  /// Only those that are new or have changed are opened.
  mutating func rescan() {
    changes += 1
    let before = seen
    seen = [:]
    entries = [:]
    for path in files {
      if let entry = look(path, before) { add(entry) }
    }
    for path in paths(before) {
      guard let entry = look(path, before) else { continue }
      if entry.problem == nil || Self.databaseExtensions.contains(entry.fileExtension) {
        add(entry)
      }
    }
    publish()
  }

  /// What there is in the directory.
  /// - Parameter before: the paths of what was there: while the system does not let it be read, that is.
  private func paths(_ before: [String: CatalogEntry]) -> [String] {
    guard let directory else { return [] }
    do throws(SystemError) {
      return try Directory.fileNames(directory)
        .filter { name in !Self.companionSuffixes.contains(where: name.hasSuffix) }
        .sorted().map { directory + "/" + $0 }
    } catch {
      // One that is gone has no databases; it may come again.
      return error.isGone ? [] : before.keys.filter { Path.directory($0) == directory }.sorted()
    }
  }

  private mutating func look(_ path: String, _ before: [String: CatalogEntry]) -> CatalogEntry? {
    guard let now = FileStatus(path), now.isRegular, CatalogEntry.canBeNamed(path) else {
      return nil
    }
    var entry: CatalogEntry
    // To `String`, two spellings of one character are equal; to the system they are not.
    if let known = before[path], known.path.utf8.elementsEqual(path.utf8) {
      entry = known
      if entry.isOutdated(now) { entry.update(now) }
    } else {
      entry = CatalogEntry(path: path, status: now)
    }
    seen[path] = entry
    return entry
  }

  private mutating func add(_ entry: CatalogEntry) {
    guard let other = entries[entry.name] else {
      entries[entry.name] = entry
      return
    }
    // A file that was named and is in the directory too is one file.
    if other.isConflict || other.status.identity == entry.status.identity { return }
    entries[entry.name] = other.conflicting(with: entry)
  }

  private mutating func publish() {
    let list = entries.values.sorted { $0.name < $1.name }
      .map { ServedDatabase(name: $0.name, error: $0.problem) }
    var watched: [String: String] = [:]
    for entry in entries.values {
      for path in entry.watchedPaths { watched[path] = entry.name }
    }
    guard list != databases || watched != watchedFiles else { return }
    databases = list
    watchedFiles = watched
    revision += 1
  }
}
