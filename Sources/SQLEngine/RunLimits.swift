internal import SQLite

/// What bounds a request to the engine, and the engine itself.
package struct RunLimits: Sendable {
  /// Bytes of the rendered rows of one request.
  ///
  /// One value more than that may be in memory.
  package var answerBytes = 64 << 20
  /// Rows of one request.
  package var rows = 10_000_000
  /// Bytes of a value or a row inside SQLite, and of a bound parameter.
  package var valueBytes = 64 << 20
  /// Bytes that SQLite may have in memory, for all engines of the process together.
  ///
  /// What is kept for later takes half of it at most when a run begins.
  package var memoryBytes = 256 << 20
  /// How many engines have that memory together.
  package var engines = 1
  /// Bytes of a statement.
  package var sqlBytes = 1 << 20
  /// Bytes of the names of a result's columns: a `*` may say them many times over, and JSON may need six
  /// for one, in each row.
  package var columnNamesBytes = 1 << 20
  /// Databases that are kept open.
  package var connections = 1000
  /// Compiled statements that are kept for each database.
  package var statements = 64

  package init() {}

  /// Bytes of the pages that a connection keeps. What an engine works on is mostly one database: from 2 to
  /// 40 MiB, lookups in a file of 50 MB take half of the time in the kernel. All engines together stay below
  /// the half that is kept for later.
  var cacheBytes: Int { min(memoryBytes / 6, memoryBytes * 2 / 5 / engines) }

  /// Has SQLite keep to `memoryBytes` in this process.
  package func boundProcess() {
    Memory.limit(memoryBytes)
  }
}
