/// Addresses of sockets.
package enum Endpoint {
  /// Refuses to listen where other hosts could connect, unless they are trusted: nothing controls who
  /// does.
  package static func checkBind(
    _ endpoint: String, trustsNetwork: Bool
  ) throws(ToolError) {
    if endpoint.hasPrefix("ipc://") {
      // To libzmq, `*` is a directory that it makes in the current one, and `@name` no file at all.
      guard let first = endpoint.dropFirst("ipc://".count).first, first != "*", first != "@" else {
        throw ToolError("bind \(endpoint)", "ipc:// is followed by the path of a socket", .usage)
      }
      return
    }
    guard let (host, port) = tcp(endpoint), port == "*" || isPort(port) else {
      throw ToolError(
        "bind \(endpoint)", "an endpoint is tcp://ADDRESS:PORT or ipc://PATH", .usage)
    }
    guard trustsNetwork || isLoopback(host) else {
      throw ToolError(
        "bind \(endpoint)",
        "only loopback addresses (127.0.0.1) can be listened on without --trust-network", .denied)
    }
  }

  /// Whether it is a socket of this process.
  static func isInProcess(_ endpoint: String) -> Bool { endpoint.hasPrefix("inproc:") }

  /// Refuses what cannot be the address of another process's socket.
  package static func checkConnect(_ endpoint: String) throws(ToolError) {
    let scheme = "ipc://"
    guard endpoint.hasPrefix(scheme) && endpoint != scheme || isOnNetwork(endpoint) else {
      throw ToolError(
        "connect to \(endpoint)", "an endpoint is tcp://HOST:PORT or ipc://PATH", .usage)
    }
  }

  /// Refuses what cannot be the address of a socket on another host.
  package static func checkConnectToHost(_ endpoint: String) throws(ToolError) {
    guard isOnNetwork(endpoint) else {
      throw ToolError("connect to \(endpoint)", "an address is tcp://HOST:PORT", .usage)
    }
  }

  private static func isOnNetwork(_ endpoint: String) -> Bool {
    guard let (host, port) = tcp(endpoint) else { return false }
    return !host.isEmpty && host != "*" && isPort(port)
  }

  /// Where a router publishes that takes workers of other hosts here: at the next port, so that these
  /// need to know one address.
  package static func events(besideWorkers endpoint: String) throws(ToolError) -> String {
    guard let (host, port) = tcp(endpoint), let number = UInt16(port), number > 0, number < .max
    else {
      throw ToolError(
        "workers \(endpoint)", "it is not tcp://ADDRESS:PORT with a port that has a next one",
        .usage)
    }
    return "tcp://\(host):\(number + 1)"
  }

  private static func tcp(_ endpoint: String) -> (host: Substring, port: Substring)? {
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
    let host = endpoint[..<colon].dropFirst("tcp://".count)
    return (host, endpoint[colon...].dropFirst())
  }

  /// Whether this is a port; libzmq would take a larger number for another port.
  private static func isPort(_ text: Substring) -> Bool {
    UInt16(text).map { $0 > 0 } ?? false
  }

  /// Whether this is one of 127.0.0.0/8 in four decimal numbers: with a zero in front they are octal.
  private static func isLoopback(_ host: Substring) -> Bool {
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { text in
      UInt8(text).flatMap { String($0) == text ? $0 : nil }
    }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
}
