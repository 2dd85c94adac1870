internal import Client
internal import Toolkit

/// What `xodb-node` can be told besides its queries.
struct Options: ToolOptions {
  static let maxThreads = 256

  private(set) var data: String?
  private(set) var threads: Int?
  private(set) var ioThreads: Int?
  private(set) var bind: [String] = []
  private(set) var peers: [String] = []
  private(set) var serves = false
  private(set) var trustsNetwork = false

  let names = ["--data", "--threads", "--io-threads", "--bind", "--peer"]
  var needNoQuery: Bool { serves }

  mutating func take(_ name: String, _ value: String) throws(Invocation.Mistake) {
    switch name {
    case "--data": data = value
    case "--threads": threads = try Self.number(name, value, 1...Self.maxThreads)
    case "--io-threads": ioThreads = try Self.number(name, value, 0...64)
    case "--peer": peers.append(value)
    default: bind.append(value)
    }
  }

  mutating func take(flag name: String) -> Bool {
    switch name {
    case "--serve": serves = true
    case "--trust-network": trustsNetwork = true
    default: return false
    }
    return true
  }

  /// The directory, once it is known that everything goes together.
  func checked() throws(Invocation.Mistake) -> String {
    guard let data else { throw .wrong("which databases? Name their directory with --data") }
    if serves && bind.isEmpty { throw .wrong("--serve whom? It goes with --bind") }
    if ioThreads == 0 && (!bind.isEmpty || !peers.isEmpty) {
      throw .wrong("--bind and --peer need --io-threads of 1 or more")
    }
    return data
  }

  private static func number(
    _ name: String, _ value: String, _ range: ClosedRange<Int>
  ) throws(Invocation.Mistake) -> Int {
    guard let number = Int(value), range.contains(number) else {
      throw .wrong(
        "\(name) is a number from \(range.lowerBound) to \(range.upperBound), not '\(value)'")
    }
    return number
  }
}
