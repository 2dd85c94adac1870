internal import CSQLite

/// Holds a closure where C wants a pointer.
final class ProgressHandler {
  let shouldStop: () -> Bool

  init(_ shouldStop: @escaping () -> Bool) {
    self.shouldStop = shouldStop
  }
}

/// Holds a closure where C wants a pointer.
final class BusyHandler {
  let shouldRetry: (Int) -> Bool

  init(_ shouldRetry: @escaping (Int) -> Bool) {
    self.shouldRetry = shouldRetry
  }
}

extension Connection {
  /// Has a statement ask, about every `steps` instructions of SQLite's machine, whether it should
  /// stop; then it fails with `interrupt`.
  ///
  /// A C function that works for long does not ask.
  package func onProgress(every steps: Int, _ shouldStop: @escaping () -> Bool) {
    let handler = ProgressHandler(shouldStop)
    sqlite3_progress_handler(
      handle, Int32(clamping: steps),
      { context in
        guard let context else { return 0 }
        return Unmanaged<ProgressHandler>.fromOpaque(context).takeUnretainedValue().shouldStop()
          ? 1 : 0
      }, Unmanaged.passUnretained(handler).toOpaque())
    progressHandler = handler
  }

  /// Has a statement that meets a lock ask whether to try again; otherwise it fails with `busy`.
  ///
  /// - Parameter shouldRetry: gets how often it has been asked for this lock before, and should
  ///   wait a little by itself.
  package func onBusy(_ shouldRetry: @escaping (Int) -> Bool) {
    let handler = BusyHandler(shouldRetry)
    sqlite3_busy_handler(
      handle,
      { context, count in
        guard let context else { return 0 }
        return Unmanaged<BusyHandler>.fromOpaque(context).takeUnretainedValue()
          .shouldRetry(Int(count)) ? 1 : 0
      }, Unmanaged.passUnretained(handler).toOpaque())
    busyHandler = handler
  }
}
