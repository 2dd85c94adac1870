internal import Broker
internal import Wire
internal import ZeroMQ

/// A worker's message: that it is ready, with its databases if they have changed, or a chunk of a
/// result; and its answers.
///
///     routing id, "", READY line, databases [, answers, the last one's rows]
///     routing id, "", MORE line, chunk [, answers]
///
/// The answers are netstrings: a line and its rows for each. What it says beside that comes through a
/// connection of its own: `routing id, "", line`.
struct WorkerMessage {
  enum Head {
    case ready(WorkerReport, [ServedDatabase]?)
    case chunk(ChunkReport, Body)
  }

  let head: Head
  private(set) var results: [(result: AttemptResult, body: Body)] = []
  private(set) var versions: [VersionReport] = []

  /// What a worker says beside its reports.
  enum Note {
    case change(ChangeNote)
    case overrun(OverrunNote)
  }

  /// What a message says that is no report; nil when it may be one.
  static func note(_ message: Multipart) throws(LineError) -> Note? {
    defer { withExtendedLifetime(message) {} }
    guard message.count == 3, message[1].isEmpty else { return nil }
    let line = try LineView(parsing: message[2])
    return ChangeNote(line).map(Note.change) ?? OverrunNote(line).map(Note.overrun)
  }

  /// Fails with what is wrong with the message.
  /// - Parameter lines: knows the lines of workers before.
  init(_ message: Multipart, _ lines: inout WorkerLines) throws(LineError) {
    defer { withExtendedLifetime(message) {} }
    let count = message.count
    guard (4...6).contains(count), message[1].isEmpty else {
      throw LineError(why: "\(count) frames are no worker's message", offset: 0)
    }
    let rows = RowsOwner()
    if let report = try lines.reports.read(message[2]) {
      guard count != 5 else { throw LineError(why: "READY with an answer's line alone", offset: 0) }
      head = .ready(report, report.hasDatabases ? try ServedDatabase.decode(message[3]) : nil)
    } else if let report = ChunkReport(try LineView(parsing: message[2])), count != 6 {
      head = .chunk(report, rows.body(Frame(message, 3)))
    } else {
      throw LineError(why: "neither READY nor MORE", offset: 0)
    }
    guard count > 4 else { return }
    try readAnswers(message, lastRows: count > 5 ? Frame(message, 5) : nil, rows, &lines.results)
  }

  private mutating func readAnswers(
    _ message: Multipart, lastRows: Frame?, _ rows: RowsOwner, _ reader: inout ResultReader
  ) throws(LineError) {
    var packed = NetstringReader(message[4])
    repeat {
      let bytes = try packed.next()
      let own: Frame
      if packed.isAtEnd, let lastRows {
        own = lastRows
      } else {
        own = Frame(try packed.next(), keptBy: message, message.size)
      }
      if let answer = reader.result(in: bytes) {
        results.append((answer, rows.body(own)))
        continue
      }
      let line = try LineView(parsing: bytes)
      if let answer = AttemptResult(line) {
        reader.learn(line, answer)
        results.append((answer, rows.body(own)))
      } else if let version = VersionReport(line) {
        versions.append(version)
      } else {
        throw LineError(why: "no answer: '\(line.word)'", offset: 0)
      }
    } while !packed.isAtEnd
  }
}
