internal import Broker
internal import Wire
internal import ZeroMQ

/// A worker's message: that it is ready, with its databases if they have changed, or a chunk of a
/// result; and its answers.
///
///     routing id, "", READY line, databases, ( answer's line, rows | VERSION line, "" )*
///     routing id, "", MORE line, chunk, ( answer's line, rows )*
///
/// What it says beside that comes through a connection of its own: `routing id, "", line`.
struct WorkerFrames {
  enum Head {
    case ready(WorkerReport, [ServedDatabase]?)
    case chunk(ChunkReport, Body)
  }

  let head: Head
  let results: [(result: AttemptResult, body: Body)]
  let versions: [VersionReport]

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
  init(_ message: Multipart) throws(LineError) {
    defer { withExtendedLifetime(message) {} }
    let count = message.count
    guard !message.isTruncated, count >= 4, count.isMultiple(of: 2), message[1].isEmpty else {
      throw LineError(why: "\(count) frames are no worker's message", offset: 0)
    }
    let line = try LineView(parsing: message[2])
    if let report = WorkerReport(line) {
      head = .ready(report, report.hasDatabases ? try ServedDatabase.decode(message[3]) : nil)
    } else if let report = ChunkReport(line) {
      head = .chunk(report, Body(owner: message, index: 3))
    } else {
      throw LineError(why: "neither READY nor MORE", offset: 0)
    }
    var results: [(result: AttemptResult, body: Body)] = []
    var versions: [VersionReport] = []
    results.reserveCapacity(count / 2 - 2)
    for index in stride(from: 4, to: count, by: 2) {
      let line = try LineView(parsing: message[index])
      if let result = AttemptResult(line) {
        results.append((result, Body(owner: message, index: index + 1)))
      } else if let version = VersionReport(line) {
        versions.append(version)
      } else {
        throw LineError(why: "no answer in frame \(index)", offset: 0)
      }
    }
    self.results = results
    self.versions = versions
  }
}
