import ArgumentParser

/// The most time that a query gets: `SECONDS` for all, `DB=SECONDS` for those on one database.
struct TimeCap: ExpressibleByArgument {
  let database: String?
  let milliseconds: Int

  init?(argument: String) {
    let equals = argument.lastIndex(of: "=")
    let text = equals.map { argument[argument.index(after: $0)...] } ?? argument[...]
    guard let seconds = Double(text), (0.001...86_400).contains(seconds) else { return nil }
    milliseconds = Int((seconds * 1000).rounded(.up))
    database = equals.map { String(argument[..<$0]) }
    if database == "" { return nil }
  }
}
