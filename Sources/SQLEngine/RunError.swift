internal import SQLite
internal import Wire

/// Why a run failed: what the engine refused, or what SQLite did.
enum RunError: Error {
  case refused(Failure)
  /// The time was over before SQLite was asked, or while something was waited for.
  case expired(waitedFor: String?)
  /// - offset: where in the request's SQL the statement begins that SQLite saw.
  case sqlite(SQLiteError, offset: Int)

  static func refused(_ code: ErrorCode, _ message: String, offset: Int? = nil) -> RunError {
    .refused(Failure(code, message, offset: offset))
  }
}

/// Runs what fails with SQLite's errors where the engine's are expected.
func wrapping<Result>(
  offset: Int = 0, _ body: () throws(SQLiteError) -> Result
) throws(RunError) -> Result {
  do throws(SQLiteError) {
    return try body()
  } catch {
    throw .sqlite(error, offset: offset)
  }
}
