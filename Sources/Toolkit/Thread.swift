#if canImport(Glibc)
private import Glibc
#endif

/// A thread of this process. It must have been told to end when the value's life does, which waits
/// for it.
package struct Thread: ~Copyable {
  private let handle: pthread_t

  /// Runs the body in a new thread, which blocks the signals that the calling one blocks.
  package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ToolError) {
    var handle = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &handle, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw ToolError("start thread \(name)", String(cString: strerror(code)), .system)
    }
    self.handle = handle
  }

  deinit {
    pthread_join(handle, nil)
  }

  /// Leaves it to itself.
  package consuming func detach() {
    pthread_detach(handle)
    discard self
  }

  /// Waits for its end.
  package consuming func join() {}

  /// Holds a closure where C wants a pointer.
  private final class Work {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }
  }
}
