#if canImport(Glibc)
private import Glibc
#endif

/// The names in a directory.
enum Directory {
  /// The names that are UTF-8, without hidden ones and without what is surely no file, in no
  /// particular order.
  static func fileNames(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else { throw .last }
    defer { closedir(directory) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(directory) {
      defer { errno = 0 }
      let kind = Int(entry.pointee.d_type)
      guard [DT_REG, DT_LNK, DT_UNKNOWN].contains(kind),
        let name = name(entry), name.utf8.first != UInt8(ascii: ".")
      else { continue }
      names.append(name)
    }
    guard errno == 0 else { throw .last }
    return names
  }

  private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String? {
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    let start = UnsafeRawPointer(entry) + offset
    let bytes = UnsafeRawBufferPointer(
      start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
    return String(validating: bytes, as: UTF8.self)
  }
}
