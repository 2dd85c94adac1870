internal import Toolkit
internal import Wire

/// A file that can be asked for under a name, as it was last seen.
struct CatalogEntry {
  let name: String
  /// As it is to be opened: absolute, or from `.` on, so that SQLite never reads it as a URI.
  let path: String
  private(set) var status: FileStatus
  /// Why it cannot be used.
  private(set) var problem: String?
  /// Whether that is the system's fault, which may be over.
  private var isUnseen = false
  /// Whether another file has the same name.
  private(set) var isConflict = false
  /// The path from the root on, where only the file itself may be a symbolic link.
  private let place: String
  /// Where symbolic links lead, if that is UTF-8; there SQLite has its `-wal`.
  private var resolvedPath: String?
  /// The `-wal` of a file that was replaced, which SQLite would apply to the new one.
  private var staleLog: FileStatus.Identity?

  init(path: String, status: FileStatus) {
    name = Self.name(of: path)
    self.path = path
    self.status = status
    place = Path.resolved(Path.directory(path)).map { $0 + "/" + Path.fileName(path) } ?? path
    resolvedPath = Path.resolved(path)
    look()
  }

  /// Looks whether the file is a database.
  private mutating func look() {
    let found = DatabaseHeader.problem(path, status)
    if case .unseen = found { isUnseen = true } else { isUnseen = false }
    problem =
      found?.description
      ?? (resolvedPath == nil ? "its path, without symbolic links, is not UTF-8" : nil)
  }

  /// The name that a file is served under: its own, without the last extension.
  private static func name(of path: String) -> String {
    let file = Path.fileName(path)
    guard let dot = Path.dot(in: file), dot > file.startIndex else { return file }
    return String(file[..<dot])
  }

  /// Whether a client can ask for the name of a file.
  static func canBeNamed(_ path: String) -> Bool {
    (1...ClientMessage.maxNameLength).contains(name(of: path).utf8.count)
  }

  /// What is behind the last `.` of the file's name.
  var fileExtension: Substring {
    let file = Path.fileName(path)
    return Path.dot(in: file).map { file[file.utf8.index(after: $0)...] } ?? ""
  }

  /// The files that are written to when the database changes, without symbolic links in their paths;
  /// the first one may be a link itself.
  var watchedPaths: [String] {
    [place] + (resolvedPath.map { [$0, $0 + "-wal", $0 + "-journal"] } ?? [])
  }

  /// Whether another entry says the same to others.
  func isPublished(like other: CatalogEntry) -> Bool {
    problem == other.problem && resolvedPath == other.resolvedPath
  }

  /// An entry for two files of one name, neither of which is served.
  func conflicting(with other: CatalogEntry) -> CatalogEntry {
    var entry = self
    entry.isConflict = true
    entry.problem =
      "both '\(Path.fileName(path))' and '\(Path.fileName(other.path))' have this name"
    return entry
  }

  /// Whether the file is to be looked at again, given what it is now.
  func isOutdated(_ now: FileStatus) -> Bool {
    now != status || staleLog != nil || resolvedPath == nil || isUnseen
  }

  /// Takes note of what the file is now.
  mutating func update(_ now: FileStatus) {
    let isReplaced = now.identity != status.identity
    status = now
    guard isReplaced || staleLog != nil || resolvedPath == nil else { return look() }
    // A link that leads elsewhere now leads to another file with a `-wal` of its own.
    let before = resolvedPath
    resolvedPath = Path.resolved(path)
    if let resolvedPath, before == resolvedPath, let log = FileStatus(resolvedPath + "-wal"),
      log.size > 0, isReplaced || log.identity == staleLog
    {
      staleLog = log.identity
      problem = "the file was replaced, and the old one's '-wal' with content stands beside it"
    } else {
      staleLog = nil
      look()
    }
  }
}
