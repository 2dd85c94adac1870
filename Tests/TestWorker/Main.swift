import ArgumentParser
import Glibc
import Toolkit
import Wire
import Worker
import ZeroMQ

/// The worker of the tests: the real loop around an engine that echoes, sleeps, crashes and hangs.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "xodb-test-worker")

  @Option var databases = "test"
  @Option(help: "A file with the databases' names, instead.") var list: String?

  func run() throws {
    let names = databases.split(separator: ",").map(String.init)
    try WorkerProcess.run(TestEngine(databases: names, list: list))
  }

  static func main() { Tool.main(Self.self) }
}
