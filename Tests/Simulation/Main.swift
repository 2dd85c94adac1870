import ArgumentParser
import Commands
import Glibc
import Toolkit
import Wire

extension Kind: ExpressibleByArgument {}

/// Runs a simulated cluster from each of many seeds.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "xodb-simulate")

  @Option(help: "How many seeds to run.") var seeds: UInt64 = 10_000
  @Option(help: "The first of them.") var first: UInt64 = 1
  @Option(help: "How much happens from one seed before it settles.") var steps = 1000
  @Option(help: "What is simulated: a cluster, or a circle of brokers; both if not given.")
  var world: Kind?
  @Flag(help: "Print how often each transition was taken.") var coverage = false

  func run() throws {
    let start = Clock.now()
    let campaign = Campaign(seeds: first..<first + seeds, steps: steps, kind: world)
    try campaign.run(threads: 2)
    let milliseconds = Int(Clock.now().microseconds(since: start) / 1000)
    // A tool's end does not wait for its output.
    defer { fflush(nil) }
    try campaign.report(milliseconds: milliseconds, isDetailed: coverage)
  }

  static func main() {
    Determinism.demand()
    Tool.main(Self.self)
  }
}
