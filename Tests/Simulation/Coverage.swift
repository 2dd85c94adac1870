import Wire

/// How often each transition was taken.
final class Coverage {
  private(set) var counts: [Transition: UInt64] = [:]

  /// The first one that is none of the machine's, for all that its authors know.
  private(set) var stranger: Transition?

  func note(_ from: Stage, _ to: Stage) {
    note(Transition(.request, from.rawValue, to.rawValue))
  }

  func note(_ from: WorkerStage, _ to: WorkerStage) {
    note(Transition(.worker, from.rawValue, to.rawValue))
  }

  func note(_ from: WorkerStage, _ loss: Loss) {
    note(Transition(.loss, from.rawValue, loss.rawValue))
  }

  func note(_ from: Standing, _ to: Standing) {
    note(Transition(.slot, from.rawValue, to.rawValue))
  }

  func note(_ from: StationWord, _ to: StationWord) {
    note(Transition(.process, from.rawValue, to.rawValue))
  }

  func note(_ reason: Breach) { note(Transition(.breach, 0, reason.rawValue)) }

  func note(_ input: Cause) { note(Transition(.input, 0, input.rawValue)) }

  func note(_ event: RouterEvent) { note(Transition(.event, 0, event.rawValue)) }

  private func note(_ transition: Transition) {
    counts[transition, default: 0] += 1
    if !Transition.possible.contains(transition) { stranger = stranger ?? transition }
  }
}

/// A step of a state machine, or an input or an event of one.
struct Transition: Hashable {
  enum Machine: String, CaseIterable {
    /// A request in a router.
    case request
    /// A connected worker in a router.
    case worker
    /// How a router loses a worker.
    case loss
    /// A supervised process in a router.
    case slot
    /// A supervised process in its supervisor.
    case process
    /// Why a router breaks a result off.
    case breach
    /// What a router is told.
    case input
    /// What a router publishes.
    case event
  }

  let machine: Machine
  let from: UInt8
  let to: UInt8

  init(_ machine: Machine, _ from: Int, _ to: Int) {
    self.machine = machine
    self.from = UInt8(from)
    self.to = UInt8(to)
  }
}

extension Transition: Comparable {
  static func < (a: Transition, b: Transition) -> Bool { a.description < b.description }
}

extension Transition: CustomStringConvertible {
  var description: String {
    let (from, to) = machine.names
    return "\(machine) \(from[Int(self.from)]) > \(to[Int(self.to)])"
  }
}

extension Transition.Machine {
  /// What the numbers in a transition stand for.
  var names: (from: [String], to: [String]) {
    func names<State: CaseIterable>(_ states: State.Type) -> [String] {
      states.allCases.map { "\($0)" }
    }
    switch self {
    case .request: return (names(Stage.self), names(Stage.self))
    case .worker: return (names(WorkerStage.self), names(WorkerStage.self))
    case .loss: return (names(WorkerStage.self), names(Loss.self))
    case .slot: return (names(Standing.self), names(Standing.self))
    case .process: return (names(StationWord.self), names(StationWord.self))
    case .breach: return (["any"], names(Breach.self))
    case .input: return (["any"], names(Cause.self))
    case .event: return (["any"], names(RouterEvent.self))
    }
  }
}

/// What a router knows of a supervised process.
enum Standing: Int, CaseIterable {
  case unknown
  case started
  case ready
  case stopping
  case backoff
  case exited
  case stuck

  init(_ phase: Phase?) {
    switch phase {
    case nil: self = .unknown
    case .started: self = .started
    case .ready: self = .ready
    case .stopping: self = .stopping
    case .backoff: self = .backoff
    case .exited: self = .exited
    case .stuck: self = .stuck
    }
  }
}

/// Why a router gives a worker up.
enum Loss: Int, CaseIterable {
  case ended
  case replaced
  case unreachable
  case supervisorEnded
  case supervisorSilent
  case unlisted
  case closed
  case nonsense

  init(why: String) throws {
    switch why {
    case "it ended": self = .ended
    case "replaced": self = .replaced
    case "unreachable": self = .unreachable
    case "its supervisor ended": self = .supervisorEnded
    case "its supervisor is silent": self = .supervisorSilent
    case "its supervisor does not list it": self = .unlisted
    case "its connection was closed": self = .closed
    case "nonsense": self = .nonsense
    default: throw Violation("a worker is lost because: \(why)")
    }
  }
}

/// Why a result is broken off.
enum Breach: Int, CaseIterable {
  /// Its worker is gone.
  case workerIsLost
  /// Nobody wants the worker, but the reader is too slow all the same.
  case readerIsIdle
  /// Somebody wants the worker.
  case workerIsWanted
  /// Somebody wants a worker, and all are kept so.
  case workerIsLast
  /// There is no room for what its reader has asked for.
  case readerIsFull
  /// There is no such result.
  case nothing
}

/// What a router publishes.
enum RouterEvent: Int, CaseIterable {
  case draining
  case joined
  case left
  case lost
  case cancelled
  case retried
  case overdue
  case crashed
  case quarantined
  case quarantinedWhateverParameters
  case released
  case pardoned
  case changed

  init(_ line: Line) throws {
    switch line.word {
    case "router.draining": self = .draining
    case "router.joined": self = .joined
    case "router.left": self = .left
    case "router.lost": self = .lost
    case EventWord.cancelled: self = .cancelled
    case "request.retried": self = .retried
    case "request.overdue": self = .overdue
    case "request.crashed": self = .crashed
    case "request.quarantined":
      self = line["any_parameters"] == nil ? .quarantined : .quarantinedWhateverParameters
    case "request.released": self = .released
    case "quarantine.cleared": self = .pardoned
    case "database.changed": self = .changed
    default: throw Violation("nobody knows what this is: \(line)")
    }
  }
}
