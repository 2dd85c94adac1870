#if canImport(Glibc)
private import Glibc
#endif

/// A thread of this process. It must have been told to end when the value's life does, which waits
/// for it.
package struct Thread: ~Copyable {
  /// In bytes, whatever `ulimit -s` says: SQLite's recursion within its limits needs some of them.
  private static let stackSize = 8 << 20

  private let handle: pthread_t

  /// Runs the body in a new thread, which blocks the signals that the calling one blocks.
  package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ToolError) {
    var handle = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &handle, &attributes,
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
