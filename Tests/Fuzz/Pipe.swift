import ZeroMQ

/// Makes of bytes what a socket receives.
struct Pipe: ~Copyable {
  private let near: Socket
  private let far: Socket

  init() throws(ZMQError) {
    let context = try Context()
    let far = try Socket(.pair, in: context)
    try far.bind("inproc://fuzz")
    let near = try Socket(.pair, in: context)
    try near.connect("inproc://fuzz")
    self.near = near
    self.far = far
  }

  /// - Parameter frames: one at least.
  func message(_ frames: [[UInt8]]) throws(Finding) -> Multipart {
    do throws(ZMQError) {
      if case .sent = try near.send(frames.map { .bytes($0) }), let message = try far.receive() {
        return message
      }
    } catch {
      throw Finding("\(error)")
    }
    throw Finding("a message did not arrive")
  }
}
