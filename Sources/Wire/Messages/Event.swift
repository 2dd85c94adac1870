/// Who publishes: a name, and an incarnation that is higher each time that somebody takes the name.
package struct PublisherIdentity: Hashable, Sendable {
  package let name: String
  package let incarnation: Int64

  package init(name: String, incarnation: Int64) {
    self.name = name
    self.incarnation = incarnation
  }
}

/// What a publisher publishes.
///
///     worker.exited time=2026-11-21T08:00:00.123456Z publisher=workers incarnation=3 seq=41 name=…
///
/// Every subscriber also gets the publisher's whole state at once and then every second, as a
/// message of its own kind: the line `state …` in a first frame, a line for each member in others.
/// Publishing drops: nothing may rest on having seen every event. What was missed can be told from
/// the numbers.
package struct Publication: Equatable, Sendable {
  /// The word of the message that carries a whole state.
  package static let stateWord = "state"

  package var publisher: PublisherIdentity
  /// Counts the publisher's events; a state carries the number of the last one before it.
  package var sequence: Int64
  /// The event's word and its own pairs.
  package var line: Line
  /// The further lines of a state.
  package var members: [Line]
  /// How many of the publisher's events the subscriber missed between what it heard last and this.
  package var missed: Int64 = 0
  /// The publisher's incarnation before this one has ended, and its end was not heard: nobody knows
  /// how many events were missed before that.
  package var followsUnheardEnd = false

  package var isState: Bool { line.word == Self.stateWord }
  /// The last event of a publisher that was not killed.
  package var isEnd: Bool { line.word.hasSuffix(".stopped") }

  package init(
    publisher: PublisherIdentity, sequence: Int64, line: Line, members: [Line] = []
  ) {
    self.publisher = publisher
    self.sequence = sequence
    self.line = line
    self.members = members
  }

  /// The first line as it travels.
  /// - Parameter time: of publication, RFC 3339 in UTC.
  package func header(time: String) -> Line {
    Line(line.word)
      .with("time", time)
      .with("publisher", publisher.name)
      .with("incarnation", publisher.incarnation)
      .with("seq", sequence)
      .with(line.fields)
  }

  /// Reads what travelled; `line` then has all pairs.
  package init?(header: Line, members: [Line]) {
    guard let name = header["publisher"],
      let incarnation = header["incarnation"].flatMap(Int64.init),
      let sequence = header["seq"].flatMap(Int64.init), incarnation >= 0, sequence >= 0
    else { return nil }
    self.init(
      publisher: PublisherIdentity(name: name, incarnation: incarnation),
      sequence: sequence, line: header, members: members)
  }
}

/// The words of events that other parts act upon.
package enum EventWord {
  /// Nobody waits any more for what a worker runs: `name=`, `generation=`, `job=` and `try=` say
  /// which worker and which attempt. A router's state has a line of this word for each such attempt
  /// that its worker has not ended yet.
  package static let cancelled = "request.cancelled"
  /// A process could not be ended, not even by SIGKILL; another one takes its place.
  package static let stuck = "worker.stuck"
}

/// Where a supervised process stands: the `phase=` of a supervisor's state and the word of its
/// events.
package enum Phase: String, Sendable, CaseIterable {
  /// Started; it has not said that it is ready.
  case started
  /// It has said so.
  case ready
  /// It is to end, and was told.
  case stopping
  /// It has ended and is started again after a while, as a new generation.
  case backoff
  /// It has ended for good.
  case exited
  /// It does not even end when it is killed, and counts as dead.
  case stuck

  /// Whether there is a process.
  package var isAlive: Bool {
    switch self {
    case .started, .ready, .stopping: true
    case .backoff, .exited, .stuck: false
    }
  }
}
