import Wire
import Worker

/// A worker's process: what its loops do, around the control's state as it ships.
struct Process {
  enum Doing {
    case starting
    /// Knows no router.
    case listening
    /// Waits for a router's reply.
    case waiting
    case looking
    case running(Run)
    /// Has sent a chunk, and waits for the word to go on.
    case asking(Run)
    case ended
  }

  /// What it was given at once.
  struct Batch {
    var orders: ArraySlice<Order>
    let arrival: Instant
    var answers: [(result: AttemptResult, body: Rendered)] = []
  }

  struct Run {
    let request: Int
    let job: Job
    let course: Course
    /// Later by as much as it has waited for its reader.
    var begun: Instant
    let deadline: Instant
    /// The database's, when the run began.
    let version: Int
    /// How many chunks were sent, and when the last one was.
    var sent = 0
    var sentLast = Instant.start
    /// Whether nobody wants more.
    var isStopped = false
  }

  let member: Member
  let pid: Int32
  /// Nil for one that somebody started by hand.
  let station: Int?
  /// Of its supervisor.
  let incarnation: Int64
  /// The databases that it would serve if they were there.
  let serves: DatabaseSet
  var control: ControlState
  var doing = Doing.starting
  /// What it has not begun yet of what it runs, and the answers to what it has done.
  var batch = Batch(orders: [], arrival: .start)
  /// Counts what it does, to tell what was planned for something earlier.
  var serial = 0
  /// All that it ever had; the last one may be open.
  var connections: [Int] = []
  /// The router that it has last spoken to, as it believes.
  var giver: Contact?
  var isStopping = false
  var hasFarewell = false
  /// The databases that it has, as far as it has looked.
  var found = DatabaseSet.empty
  /// What it has told on its connection.
  var reported: DatabaseSet?
  /// Until then it is stopped, and does nothing.
  var resumes = Instant.start
  /// Whether it cannot even be killed until then.
  var isInKernel = false
  /// Whether it was, and ends as soon as it can.
  var isKilled = false
  /// Whether its supervisor has ended: then it is as good as dead.
  var isDoomed = false
  /// Whether the next that it says, but for its first words, is nonsense.
  var isConfused = false
  var fromRouter = Channel()
  var fromStation = Channel()

  var isAlive: Bool { if case .ended = doing { false } else { true } }
}
