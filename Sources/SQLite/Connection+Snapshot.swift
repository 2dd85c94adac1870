internal import CSQLite

/// The state of a database's write-ahead log, as the last commit of whatever process has left it.
package enum Log: Equatable, Sendable {
  /// The database is not in WAL mode.
  case none
  /// There is a log, without an index in shared memory.
  case unreadable
  /// Somebody is writing the index just now.
  case moving
  case header(LogHeader)
}

/// What the index of a write-ahead log says of the last commit.
package struct LogHeader: Equatable, Sendable {
  /// The number of frames that count; 0 when all that was in the log is in the database's file.
  package let frameCount: UInt32
  package let pageCount: UInt32
  /// Bytes of a page; 1 for 65536.
  package let pageSize: UInt16
  /// Of the last frame and, since each is computed from the one before, of all others.
  package let checksum: UInt64
  /// Chosen at random whenever the log begins anew; 0 when an empty log has just been opened.
  package let salt: UInt64
}

/// What checkpoints have brought from the log to the database's file, in frames.
package struct CheckpointProgress: Equatable, Sendable {
  package let done: UInt32
  /// More than that while one writes; also if it has died of it, and since a log was recovered.
  package let begun: UInt32
}

extension Connection {
  /// Nil without an index of the log.
  package var checkpointProgress: CheckpointProgress? {
    var (done, begun) = (UInt32(0), UInt32(0))
    guard csqlite_read_checkpoint(handle, &done, &begun) != 0 else { return nil }
    return CheckpointProgress(done: done, begun: begun)
  }

  /// Whether a checkpoint may be writing to the file: to be asked seldom, as it keeps one from beginning for
  /// a moment.
  package var isCheckpointing: Bool { csqlite_is_checkpointing(handle) != 0 }

  /// The state of the log; `none` before anything was read.
  package var log: Log {
    var header = csqlite_log_header()
    switch csqlite_read_log_header(handle, &header) {
    case Int32(CSQLITE_LOG_ABSENT): return .none
    case Int32(CSQLITE_LOG_UNREADABLE): return .unreadable
    case Int32(CSQLITE_LOG_MOVING): return .moving
    default: return .header(LogHeader(header))
    }
  }

  /// Where the file is that was opened: an absolute path without symbolic links, which need not be UTF-8.
  ///
  /// Valid as long as the connection.
  package var path: UnsafePointer<CChar>? { sqlite3_db_filename(handle, "main") }

  /// Another number when the transaction sees other data than the one before, of this connection, did.
  package var dataVersion: UInt32 { csqlite_data_version(handle) }

  /// Whether the path leads to another file now.
  package var isMoved: Bool { csqlite_has_moved(handle) != 0 }

  /// Reads the first bytes of the file, zeros where it is shorter.
  ///
  /// Not those of the log. They are the database's only while a lock keeps others from writing.
  ///
  /// - Returns: whether they could be read.
  package func readStart(into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    csqlite_read_start(handle, bytes.baseAddress, Int32(clamping: bytes.count)) == SQLITE_OK
  }
}

extension LogHeader {
  fileprivate init(_ header: csqlite_log_header) {
    frameCount = header.last_frame
    pageCount = header.page_count
    pageSize = header.page_size
    checksum = Self.joined(header.frame_checksum)
    salt = Self.joined(header.salt)
  }

  private static func joined(_ words: (UInt32, UInt32)) -> UInt64 {
    UInt64(words.0) << 32 | UInt64(words.1)
  }
}
