package import ZeroMQ

/// Hosts that fall silent: a cut cable, a lost power supply.
///
/// The kernels find that out between them, whatever the processes do meanwhile: one that was stopped
/// is not lost, as long as there is room for what it is sent, and whether it lives is its supervisor's
/// word. A connection on which nothing is sent ends 4 to 6 s after the link: later than a supervisor that
/// is not heard counts as dead, so that this is nobody's death of a query.
extension Socket {
  /// After so many seconds without anything from the other host its kernel is asked for an answer,
  private static let idle: Int32 = 2
  /// every so many seconds,
  private static let interval: Int32 = 1
  /// so often.
  private static let count: Int32 = 4
  /// An attempt to connect is repeated after so long: the kernel does so ever more slowly, and would not
  /// notice for long that a link is there again.
  private static let connectMilliseconds: Int32 = 1000

  /// Ends tcp connections to hosts that have fallen silent, and connects to them when they are back.
  /// It has to be called before the socket is bound or connected.
  ///
  /// - Parameter mayPause: whether who is connected may stop reading for long. To the kernel a host that
  ///   says again and again that it has no room is as silent as one that is lost; so of one that is lost
  ///   while something is sent to it, it notices that only after many minutes.
  package func noticeLostHosts(mayPause: Bool = false) throws(ZMQError) {
    try set(.keepalive, 1)
    try set(.keepaliveIdle, Self.idle)
    try set(.keepaliveInterval, Self.interval)
    try set(.keepaliveCount, Self.count)
    // While something waits to be received there, the kernel does not ask.
    if !mayPause { try set(.receiptTimeout, (Self.idle + Self.interval * Self.count) * 1000) }
    try set(.connectTimeout, Self.connectMilliseconds)
  }
}
