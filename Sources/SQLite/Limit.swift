internal import CSQLite

/// What can be bounded for each connection.
package struct Limit: Sendable {
  let category: Int32

  /// Bytes of a value, of a row and of the SQL.
  package static let length = Limit(category: SQLITE_LIMIT_LENGTH)
  /// Nested operations in an expression.
  package static let expressionDepth = Limit(category: SQLITE_LIMIT_EXPR_DEPTH)
  /// SELECTs that are joined by UNION and the like.
  package static let compoundSelects = Limit(category: SQLITE_LIMIT_COMPOUND_SELECT)
  /// Bytes of a pattern of LIKE or GLOB.
  package static let patternLength = Limit(category: SQLITE_LIMIT_LIKE_PATTERN_LENGTH)
  package static let attached = Limit(category: SQLITE_LIMIT_ATTACHED)
  /// Threads that help a statement.
  package static let workerThreads = Limit(category: SQLITE_LIMIT_WORKER_THREADS)
}
