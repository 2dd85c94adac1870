internal import DequeModule
internal import Wire
internal import ZeroMQ

/// Decides, for a query on several databases, which of them is run where and when, and puts their rows in
/// order.
///
/// A window of databases is offered to the router, as one request each, for whoever is free. What nobody
/// has begun it asks back, one or two at a time, and has it run here: mostly the database whose turn it is,
/// and while that is run elsewhere, a later one. Answers wait here for their turn, up to a chunk of each;
/// a larger one waits where it is rendered, or is cut off there and run again when its turn has come.
///
/// It has no socket, engine or clock. Whoever owns those does what `next` says, and tells what comes of it.
struct Coordinator {
  /// So many databases are under way at once, from the one whose turn it is.
  static let window = 16
  /// With so many bytes of rows that wait for their turn, nothing more is begun.
  static let maxKeptBytes = 8 << 20
  /// A database that is run here in less is no reason to wait for the next one to be given back.
  static let quickMicroseconds: Int64 = 1000
  /// So many chunks are on their way from whoever runs the database whose turn it is.
  static let credit = 2

  enum Step {
    /// Have the router give this database to whoever is free, and not back if it can only be run there.
    case offer(Int, isKept: Bool)
    /// Ask the router for the first one back that nobody has begun; not for one behind this.
    case withdraw(upTo: Int?)
    /// Ask for more chunks of this one.
    case credit(Int, chunks: Int)
    /// Nobody wants this one any more.
    case cancel(Int)
    /// Run this one here. In its turn, its rows are passed on as they come; otherwise they are kept, and
    /// the run is broken off when there is more of them than a chunk. `ran` is to be told.
    case run(Int, isInTurn: Bool)
    /// Pass on these rows of the database whose turn it is, the first ones or further ones.
    case pass(Part, isFirst: Bool)
    /// Wait until an answer comes.
    case wait
    case end(Outcome, SetSummary?)
  }

  enum Asked: Equatable {
    case nothing
    case any
    /// As long as it has this turn.
    case turn(Int)
  }

  struct Item {
    enum State {
      /// Nobody was asked for it yet.
      case new
      /// The router has it.
      case offered
      /// It is to be run here.
      case own
      /// Chunks have come, those that are left are passed on, and there are more.
      case begun(Deque<Part>)
      /// The rest of its rows is here.
      case done(Deque<Part>, rows: Int)
      case failed(Failure)
      case over
    }

    let name: String
    /// Whether it can be run here.
    let isHere: Bool
    var state = State.new
    /// Chunks that came from elsewhere, and that may come.
    var received = 0
    var granted = 1
  }

  var items: [Item]
  /// The one whose rows are next, and the first that nobody was asked for.
  var turn = 0
  var fresh = 0
  /// Whether rows of that have been passed on.
  var hasPassed = false
  var keptBytes = 0
  /// Whether there is a router to offer anything to.
  let hasRouter: Bool
  /// What is asked back and has not come.
  var asked = Asked.nothing
  /// Whether what is run here takes so little that the next one is asked back beforehand.
  var isQuick = false
  /// Whether results seem small enough to be kept until their turn.
  var runsAhead = true
  let skipsFailed: Bool
  let maxRows: Int?
  var rows = 0
  var answered = 0
  var failures = FailureList()
  var ending: Step?
  var unwanted: Deque<Int> = []

  /// - Parameters:
  ///   - databases: in order, at least one, and whether each can be run here.
  ///   - maxRows: of all together; nil for any number.
  init(
    _ databases: [(name: String, isHere: Bool)], hasRouter: Bool, skipsFailed: Bool, maxRows: Int?
  ) {
    items = databases.map { Item(name: $0.name, isHere: $0.isHere) }
    self.hasRouter = hasRouter
    self.skipsFailed = skipsFailed
    self.maxRows = maxRows
  }

  /// What is to be done next.
  mutating func next() -> Step {
    if let index = unwanted.popFirst() { return .cancel(index) }
    if let ending { return ending }
    // What is to be passed on may have to wait for its reader.
    if let step = grant() ?? passOn() { return step }
    return offer() ?? askBack() ?? runHere() ?? .wait
  }
}
