import Glibc
import Toolkit
import Wire
import Worker

/// An engine that does what the statement says, for tests:
///
///     echo TEXT      a row with the text as it came
///     params         a row with the parameters as they came
///     sleep MS       waits, then says who it is; not longer than anybody waits for that
///     until FILE     likewise, as long as the file is not there
///     patient MS     like sleep, until its deadline at most, which it fails with
///     spin MS        computes, and cannot be interrupted
///     eat MIB        allocates so much, or as much as it gets, says how much that was, and frees it
///     big BYTES      so much of an answer, in chunks if these are wanted
///     crash          ends the process by a signal
///     crash-once F   ends the process by a signal unless file F is there, which it makes
///     exit STATUS    ends the process
///     hang           never returns
///     hold FIFO      says into a pipe who it is and when it began, then waits to be killed; the next
///                    try says the same and answers
///     fail           fails as a query would
///     gone           says that it does not have the database any more
struct TestEngine: Engine {
  private(set) var databases: [ServedDatabase]
  private(set) var revision = 1
  /// A file with a database's name in each line, if the databases are to change.
  let list: String?
  /// A file that the first database changes with.
  let watch: String?

  init(databases: [String], list: String?, watch: String?) {
    self.databases = databases.map { ServedDatabase(name: $0) }
    self.list = list
    self.watch = watch
    if list != nil { rescan() }
  }

  var watchedFiles: [String: String] {
    guard let watch, let first = databases.first else { return [:] }
    return [watch: first.name]
  }

  mutating func filesChanged(_ databases: Set<String>) {}

  mutating func version(of database: String) -> String? { nil }

  mutating func rescan() {
    guard let list, let file = fopen(list, "r") else { return }
    defer { fclose(file) }
    var names: [ServedDatabase] = []
    while let line = readLine(file) { names.append(ServedDatabase(name: line)) }
    guard names != databases else { return }
    databases = names
    revision += 1
  }

  private func readLine(_ file: UnsafeMutablePointer<FILE>) -> String? {
    var text = ""
    while true {
      let byte = getc(file)
      if byte == EOF { return text.isEmpty ? nil : text }
      if byte == 10 { return text }
      text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: byte)))
    }
  }

  /// - Returns: how many MiB it was.
  private func eat(_ mebibytes: Int) -> Int {
    var pieces: [UnsafeMutableRawPointer] = []
    pieces.reserveCapacity(mebibytes)
    while pieces.count < mebibytes, let piece = malloc(1 << 20) {
      memset(piece, 1, 1 << 20)
      pieces.append(piece)
    }
    for piece in pieces { free(piece) }
    return pieces.count
  }

  private func say(_ text: String, into path: String) {
    let pipe = open(path, O_WRONLY | O_CLOEXEC)
    _ = write(pipe, text, text.utf8.count)
    close(pipe)
  }

  private func crash() {
    signal(SIGSEGV, SIG_DFL)
    kill(getpid(), SIGSEGV)
  }

  mutating func run(
    _ job: Job, sql: UnsafeRawBufferPointer, parameters: UnsafeRawBufferPointer,
    deadline: Instant, isAbandoned: @escaping () -> Bool, into body: inout ByteBuffer,
    chunkBytes: Int?, send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) -> RunResult {
    let words = String(decoding: sql, as: UTF8.self).split(separator: " ", maxSplits: 1)
    let argument = words.count > 1 ? String(words[1]) : ""
    switch words.first {
    case "echo": body.append(argument)
    case "params": body.append(contentsOf: parameters)
    case "sleep":
      for _ in 0..<(Int(argument) ?? 0) where !isAbandoned() { usleep(1000) }
      body.append("\(getpid())")
    case "until":
      while access(argument, F_OK) != 0 && !isAbandoned() { usleep(1000) }
      body.append("\(getpid())")
    case "patient":
      let end = min(deadline, Clock.now().adding(milliseconds: Int(argument) ?? 0))
      while Clock.now() < end && !isAbandoned() { usleep(1000) }
      if isAbandoned() || end == deadline {
        return RunResult(.failure(Failure(.deadline, "it was interrupted")))
      }
      body.append("\(getpid())")
    case "spin":
      let end = Clock.now().adding(milliseconds: Int(argument) ?? 0)
      while Clock.now() < end {}
      body.append("\(getpid())")
    case "eat": body.append("\(eat(Int(argument) ?? 0))")
    case "big":
      for _ in 0..<(Int(argument) ?? 0) {
        body.append(UInt8(ascii: "x"))
        guard let chunkBytes, body.count >= chunkBytes else { continue }
        guard send(body.bytes, false) else {
          return RunResult(.failure(Failure(.cancelled, "enough")))
        }
        body.removeAll()
      }
    case "crash": crash()
    case "crash-once":
      let mark = open(argument, O_CREAT | O_EXCL | O_WRONLY, 0o600)
      if mark >= 0 { crash() }
      body.append("survived")
    case "exit": exit(Int32(argument) ?? 0)
    case "hang": while true { pause() }
    case "hold":
      say("\(getpid()) \(Clock.now().microseconds)\n", into: argument)
      while job.attempt.number == 1 && !isAbandoned() { usleep(1000) }
    case "gone":
      databases = []
      revision += 1
      return RunResult(.failure(Failure(.noSuchDatabase, "no database '\(job.database)' here")))
    default: return RunResult(.failure(Failure(.sql, "no such verb", offset: 0)))
    }
    body.append("\n")
    return RunResult(.rows(1))
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: UnsafeRawBufferPointer($0)) }
  }
}
