/// Why an engine cannot serve: what was to be opened, and what was in the way.
package struct OpenError: Error, Equatable, CustomStringConvertible {
  package let path: String
  package let why: String

  /// What a tool prints behind its name: `open data/proj.db: file is not a database`.
  package var description: String { "open \(path): \(why)" }
}
