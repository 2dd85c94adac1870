/// Addresses of sockets.
package enum Endpoint {
  /// Refuses to listen where other hosts could connect: nothing would control who does.
  package static func checkIsLocal(_ endpoint: String) throws(ToolError) {
    if endpoint.hasPrefix("ipc://") { return }
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":"),
      isPort(endpoint[colon...].dropFirst())
    else {
      throw ToolError(
        "bind \(endpoint)", "an endpoint is tcp://ADDRESS:PORT or ipc://PATH", .usage)
    }
    let host = endpoint[..<colon].dropFirst("tcp://".count)
    guard isLoopback(host) else {
      throw ToolError(
        "bind \(endpoint)", "only loopback addresses (127.0.0.1) can be listened on", .denied)
    }
  }

  /// Whether this is a port; libzmq would take a larger number for another port. `*` is any.
  private static func isPort(_ text: Substring) -> Bool {
    text == "*" || UInt16(text).map { $0 > 0 } ?? false
  }

  /// Whether this is one of 127.0.0.0/8 in four decimal numbers.
  private static func isLoopback(_ host: Substring) -> Bool {
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
}
