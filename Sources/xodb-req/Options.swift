internal import Client

/// What `xodb-req` can be told besides its queries.
struct Options: ToolOptions {
  private(set) var router: String?

  let names = ["--router"]
  let needNoQuery = false

  mutating func take(_ name: String, _ value: String) { router = value }
  mutating func take(flag name: String) -> Bool { false }
}
