internal import Toolkit

/// Which databases' files are watched, and through which watches of directories.
struct WatchTable {
  /// The databases by their files' names, by directory.
  private var databases: [String: [String: String]] = [:]
  /// The directories of each watch: one that can be reached by two paths has one watch.
  private var directories: [Int32: Set<String>] = [:]
  /// The directories without a watch.
  private(set) var unwatched: Set<String> = []
  /// The databases that have changed.
  private var touched: Set<String> = []
  private var isFirst = true

  /// Takes a new list of files: the database by each file's absolute path.
  ///
  /// A database that has come, or whose files have, may have changed before anyone watched; the
  /// first list is what there is before anyone asks.
  /// - Returns: the watches that are not needed any more.
  mutating func replace(_ files: [String: String]) -> [Int32] {
    var new: [String: [String: String]] = [:]
    for (path, database) in files {
      new[Path.directory(path), default: [:]][Path.fileName(path)] = database
    }
    if !isFirst { touchDifferences(databases, new) }
    isFirst = false
    databases = new
    let watched = Set(directories.values.joined())
    unwatched = Set(new.keys).subtracting(watched)
    return directories.keys.compactMap { watch in
      directories[watch]?.formIntersection(new.keys)
      guard directories[watch]?.isEmpty ?? true else { return nil }
      directories[watch] = nil
      return watch
    }
  }

  private mutating func touchDifferences(
    _ old: [String: [String: String]], _ new: [String: [String: String]]
  ) {
    for directory in Set(old.keys).union(new.keys) {
      let before = old[directory] ?? [:]
      let after = new[directory] ?? [:]
      for (file, database) in after where before[file] != database { touched.insert(database) }
      for (file, database) in before where after[file] == nil { touched.insert(database) }
    }
  }

  /// A directory is watched from now on.
  /// - Parameter isLate: whether its files may have changed since they were first to be watched.
  mutating func add(_ watch: Int32, of directory: String, isLate: Bool) {
    unwatched.remove(directory)
    directories[watch, default: []].insert(directory)
    if isLate { touchAll(in: directory) }
  }

  /// A watch has ended: its directory is gone, or is another one now.
  mutating func lose(_ watch: Int32) {
    for directory in directories.removeValue(forKey: watch) ?? [] {
      unwatched.insert(directory)
      touchAll(in: directory)
    }
  }

  /// Something has happened to a file of this name: written, come, or gone.
  ///
  /// A rollback journal that comes or is written says that its writer is about to need the database
  /// for itself: its commit would fail because of whoever looks now. The writes to the database
  /// follow, and the journal's end.
  mutating func touch(_ file: String, through watch: Int32, isGone: Bool = false) {
    guard isGone || !file.hasSuffix("-journal") else { return }
    for directory in directories[watch] ?? [] {
      if let database = databases[directory]?[file] { touched.insert(database) }
    }
  }

  /// Something may have happened to any file.
  mutating func touchAll() {
    for directory in databases.keys { touchAll(in: directory) }
  }

  private mutating func touchAll(in directory: String) {
    touched.formUnion((databases[directory] ?? [:]).values)
  }

  /// Takes out the databases that have changed.
  mutating func takeTouched() -> Set<String> {
    defer { touched = [] }
    return touched
  }
}
