internal import Client

/// What `xodb-req` can be told besides its queries.
struct Options: ToolOptions {
  private(set) var router: String?

  let names = ["--router"]
  let needNoQuery = false

  mutating func take(_ name: String, _ value: String) throws(Invocation.Mistake) {
    // No router is in this process.
    guard !value.hasPrefix("inproc:") else {
      throw .wrong("\(name) is tcp://HOST:PORT or ipc://PATH, not '\(value)'")
    }
    router = value
  }

  mutating func take(flag name: String) -> Bool { false }
}
