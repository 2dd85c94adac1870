internal import DequeModule
internal import Wire
internal import ZeroMQ

/// Decides, for a query on several databases, when each of them is asked, and puts their rows in order.
///
/// A window of databases is asked at once, one request for each. Answers wait here for their turn, up to a
/// chunk of each. Of one that turns out larger, the rest waits where it is rendered as long as nobody else
/// wants that; otherwise it is let go, and asked again when its turn has come.
///
/// It has no socket and no clock. Whoever owns those does what `next` says, and tells what comes of it.
struct Coordinator {
  /// So many databases are asked at once, from the one whose turn it is.
  static let window = 16
  /// So many chunks are on their way from the database whose turn it is.
  static let credit = 2

  enum Step {
    /// Ask this database, under this number, for so many chunks at first.
    case ask(Int, serial: Int, credit: Int)
    /// Ask for more chunks of what was asked under this number.
    case grant(serial: Int, chunks: Int)
    /// Nobody wants that any more.
    case cancel(serial: Int)
    /// Pass on these rows of the database whose turn it is, the first ones or further ones.
    case pass(Part, isFirst: Bool)
    /// Wait until an answer comes.
    case wait
    case end(Outcome, SetSummary?)
  }

  struct Item {
    enum State {
      /// It is still to be asked, perhaps once more.
      case new
      case asked
      /// Chunks have come, those that are left are passed on, and there are more.
      case begun(Deque<Part>)
      /// The rest of its rows is here.
      case done(Deque<Part>, rows: Int)
      case failed(Failure)
      case over
    }

    let name: String
    var state = State.new
    /// The number under which it was asked last.
    var serial = 0
    /// Chunks that have come since, and that may come.
    var received = 0
    var granted = 0

    /// Whether an answer is to come.
    var isOpen: Bool {
      switch state {
      case .asked, .begun: true
      case .new, .done, .failed, .over: false
      }
    }
  }

  var items: [Item]
  /// The one whose rows are next, and the first that was not asked yet.
  var turn = 0
  private(set) var fresh = 0
  private var lastSerial = 0
  /// Whether rows of the one whose turn it is have been passed on.
  var hasPassed = false
  /// Of rows that wait for their turn.
  var keptBytes = 0
  /// Whether all results so far were small enough to be kept until their turn.
  var areSmall = true
  let skipsFailed: Bool
  var rows = 0
  var answered = 0
  var failures = FailureList()
  var ending: Step?
  var unwanted: Deque<Int> = []

  /// - Parameter databases: in order, at least one.
  init(_ databases: [String], skipsFailed: Bool) {
    items = databases.map { Item(name: $0) }
    self.skipsFailed = skipsFailed
  }

  /// What is to be done next.
  /// - Parameter ahead: how many databases may be asked now whose turn has not come.
  mutating func next(ahead: Int) -> Step {
    if let serial = unwanted.popFirst() { return .cancel(serial: serial) }
    if let ending { return ending }
    return grant() ?? passOn() ?? ask(ahead) ?? .wait
  }

  private mutating func ask(_ ahead: Int) -> Step? {
    if case .new = items[turn].state {
      fresh = max(fresh, turn + 1)
      return ask(at: turn, credit: Self.credit)
    }
    guard ahead > 0, fresh < min(items.count, turn + Self.window) else { return nil }
    fresh += 1
    // One chunk, as its turn may be far.
    return ask(at: fresh - 1, credit: 1)
  }

  private mutating func ask(at index: Int, credit: Int) -> Step {
    lastSerial += 1
    items[index].state = .asked
    items[index].serial = lastSerial
    items[index].received = 0
    items[index].granted = credit
    return .ask(index, serial: lastSerial, credit: credit)
  }

  /// Asks for more of the database whose turn it is.
  private mutating func grant() -> Step? {
    guard turn < items.count, items[turn].isOpen else { return nil }
    let more = items[turn].received + Self.credit - items[turn].granted
    guard more > 0 else { return nil }
    items[turn].granted += more
    return .grant(serial: items[turn].serial, chunks: more)
  }

  /// Those that were asked before their turn, which has not come.
  var ahead: Range<Int> { turn + 1..<max(turn + 1, fresh) }

  /// How many of those are asked, or have chunks here.
  var openAhead: Int { ahead.count { items[$0].isOpen } }

  /// Whether the one whose turn it is may keep a worker.
  var isTurnOpen: Bool { turn < items.count && items[turn].isOpen }

  /// The numbers of what has no answer yet.
  var open: [Int] { items.lazy.filter(\.isOpen).map(\.serial) }
}
