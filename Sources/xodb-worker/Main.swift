import ArgumentParser
import Commands
import SQLEngine
import Toolkit
import Worker

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xodb-worker",
    abstract: "Runs queries on SQLite files, which it only reads, for a router.",
    discussion: """
      Example:
        xodb-supervise --name workers -n 4 -- xodb-worker --data ~/data

      Each database is served under its file's name without the extension. It finds its router in \
      the run directory: XODB_RUN, otherwise xodb in XDG_RUNTIME_DIR, otherwise /tmp/xodb-UID, or at \
      --router. \
      TERM ends it, after it has answered what it holds.

      Exit status:
        0   ended as asked
        64  the command line is wrong
        66  a file, the directory or an extension cannot be opened
        69  the supervisor is gone
        71  the system refused something
        77  the run directory is not ours
        79  a query could be stopped only so
      """)

  @Option(
    help: ArgumentHelp(
      "Serve every SQLite file in this directory, also those that appear later.",
      valueName: "directory"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Work for the router that takes workers of other hosts at this address: tcp://HOST:PORT.",
      valueName: "address"))
  var router: String?

  @Option(
    help: ArgumentHelp(
      "The largest answer, or row of one in chunks, in MiB.",
      valueName: "mib"))
  var maxAnswer = 64

  @Option(
    help: ArgumentHelp(
      "The most rows of an answer in one message.", valueName: "n"))
  var maxRows = RunLimits().rows

  @Option(
    help: ArgumentHelp(
      "The memory that SQLite may use, in MiB; more is 'too-large'.", valueName: "mib"))
  var memory = 256

  @Option(help: "Run so many queries at once, in threads that share the process's fate.")
  var threads = 1

  @Option(
    name: .customLong("extension"),
    help: ArgumentHelp(
      "Load this library of SQL functions and the like for all queries; can be repeated.",
      valueName: "file"))
  var extensions: [String] = []

  @Argument(help: "Serve these SQLite files.")
  var files: [String] = []

  func validate() throws {
    guard data != nil || !files.isEmpty else {
      throw ValidationError("nothing to serve: give --data DIRECTORY or files")
    }
    guard (1...512).contains(maxAnswer) else {
      throw ValidationError("--max-answer is 1 to 512 MiB")
    }
    guard (1...1_000_000_000).contains(maxRows) else {
      throw ValidationError("--max-rows is 1 to 1000000000")
    }
    guard (1...256).contains(threads) else { throw ValidationError("--threads is 1 to 256") }
    guard (16...65536).contains(memory) else {
      throw ValidationError("--memory is 16 to 65536 MiB")
    }
  }

  func run() throws {
    Limits.raiseDescriptors()
    var limits = RunLimits()
    limits.answerBytes = maxAnswer << 20
    limits.rows = maxRows
    limits.memoryBytes = memory << 20
    limits.engines = threads
    limits.boundProcess()
    let (directory, files, libraries, bounds) = (data, files, extensions, limits)
    let makeEngine = { @Sendable () throws(ToolError) -> SQLEngine in
      do throws(OpenError) {
        return try SQLEngine(
          directory: directory, files: files, extensions: libraries, limits: bounds)
      } catch {
        throw ToolError("open \(error.path)", error.why, .notFound)
      }
    }
    let memory = MemoryBudget(engineBytes: limits.memoryBytes, answerBytes: limits.answerBytes)
    if threads == 1 {
      try WorkerProcess.run(try makeEngine(), router: router, memory: memory)
    } else {
      try WorkerProcess.run(
        threads: threads, router: router, memory: memory, makeEngine: makeEngine)
    }
  }

  static func main() { Tool.main(Self.self) }
}
