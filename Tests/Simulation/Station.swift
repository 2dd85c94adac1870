import Supervision
import Wire

/// A supervisor: its state machine as it ships, and its process.
struct Station {
  let name: String
  let workers: Int
  let serves: DatabaseSet
  /// Nil while there is no process.
  var machine: Supervisor?
  var incarnation: Int64 = 0
  var sequence: Int64 = 0
  /// Until then its process is not running.
  var resumes = Instant.start
  /// When the next tick is planned.
  var tickDue: Instant?
  /// Its processes by their numbers.
  var children: [Int32: Int] = [:]
  var toRouter = Channel()
  /// What it has last said about each process.
  var last: [String: StationWord] = [:]
}
