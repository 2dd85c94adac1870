/// What a supervised process tells its supervisor, a byte each, through the descriptor in
/// `XODB_READY_FD`.
package enum Notice: UInt8, Sendable, CaseIterable {
  /// It is ready.
  case ready = 0x0a  // newline
  /// It runs. Once it has said so it must go on saying so every `aliveMilliseconds`, otherwise it
  /// counts as hung.
  case alive = 0x2e  // .
  /// It has been given work, and so has begun well: a death from now on is no failed start.
  case working = 0x2b  // +
  /// It takes HUP itself, to restart what is below it.
  case takesHangUp = 0x68  // h

  /// How often a process that says that it is alive says so, in milliseconds.
  package static let aliveMilliseconds = 500
}
