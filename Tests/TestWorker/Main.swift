import ArgumentParser
import Commands
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
  @Option(help: "A file that the first database changes with.") var watch: String?
  @Option var router: String?
  @Option(help: "In MiB.") var memory = 256
  @Option(help: "In MiB.") var maxAnswer = 64

  func run() throws {
    let names = databases.split(separator: ",").map(String.init)
    try WorkerProcess.run(
      TestEngine(databases: names, list: list, watch: watch), router: router,
      memory: MemoryBudget(engineBytes: memory << 20, answerBytes: maxAnswer << 20))
  }

  static func main() { Tool.main(Self.self) }
}
