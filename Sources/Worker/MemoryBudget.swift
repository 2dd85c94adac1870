/// What requests may make a worker's process allocate.
package struct MemoryBudget: Sendable {
  /// The largest frame that a router passes on, in bytes.
  private static let frameBytes = 16 << 20

  /// Bytes that the engine uses for what it computes.
  package var engineBytes: Int
  /// Bytes of the largest answer.
  package var answerBytes: Int

  package init(engineBytes: Int, answerBytes: Int) {
    self.engineBytes = engineBytes
    self.answerBytes = answerBytes
  }

  /// All that together, in bytes; what the engine uses, all threads use together.
  ///
  /// An answer grows by doubling, with the half still there, or is there with its message. A request
  /// comes as two frames, and its parameters grow likewise while they are read.
  func totalBytes(threads: Int = 1) -> Int {
    engineBytes + threads * (4 * answerBytes + 8 * Self.frameBytes)
  }
}
