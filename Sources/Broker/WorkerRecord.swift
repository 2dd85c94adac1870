internal import Wire

/// A worker that is connected.
struct WorkerRecord {
  enum State: Equatable {
    /// It waits for a reply; it stands in `Broker.idle`.
    case idle
    /// It has a request, which may have been answered by somebody else meanwhile.
    case running(UInt64)
    /// It looks which databases there are.
    case rescanning
  }

  let member: Member
  let supervisor: String?
  let pid: Int
  var state = State.rescanning
  /// Nil until it has told.
  var databases: Set<ServedDatabase>?
  var names: Set<String> = []
  /// The broker's count of catalog changes when this worker last looked.
  var seenChange = 0
}

/// A supervisor that is heard.
struct SupervisorRecord {
  /// What is known of one of its processes.
  struct Slot {
    var generation: Int64
    var phase: Phase
    /// What a worker of this name had when last heard: it is expected to come back with that.
    var names: Set<String> = []
  }

  var incarnation: Int64
  var lastHeard: Instant
  var slots: [String: Slot] = [:]
}
