/// What the machines do, from each state: all these steps must be seen.
private let steps: [Transition.Machine: [String: String]] = [
  .request: [
    "absent":
      "aborted badRequest busy draining long ok quarantined repeated short unresolved",
    "long":
      "busy cancelled deadline draining noSuchDatabase quarantined running unanswered "
      + "unresolved urgentLong urgentShort",
    "parked":
      "busy cancelled draining noSuchDatabase unanswered unchanged unresolved",
    "running":
      "badRequest cancelled crashed deadline denied failed long ok parked short streaming "
      + "tooLarge unanswered unchanged unresolved urgentLong urgentShort",
    "streaming":
      "aborted badRequest cancelled deadline denied failed ok tooLarge unanswered",
    "short":
      "busy cancelled deadline draining noSuchDatabase ok quarantined running "
      + "unanswered unresolved urgentLong urgentShort",
    "unresolved":
      "busy cancelled deadline draining long noSuchDatabase ok running short unanswered "
      + "urgentShort",
    "urgentLong":
      "cancelled deadline quarantined running unanswered",
    "urgentShort":
      "cancelled deadline quarantined running unanswered unresolved",
  ],
  .worker: [
    "abandoning":
      "dismissed idle lost rescanning",
    "absent":
      "idle",
    "checking":
      "dismissed idle lost",
    "idle":
      "checking dismissed lost rescanning running several",
    "rescanning":
      "dismissed idle lost",
    "running":
      "abandoning dismissed idle lost rescanning stalled",
    "several":
      "abandoning dismissed idle lost rescanning running stalled",
    "stalled":
      "abandoning lost running",
  ],
  .loss: [
    "abandoning":
      "closed ended nonsense replaced supervisorEnded supervisorSilent",
    "checking":
      "ended unreachable",
    "idle":
      "closed ended replaced supervisorEnded supervisorSilent",
    "rescanning":
      "ended nonsense unreachable",
    "running":
      "closed ended nonsense replaced supervisorEnded supervisorSilent unreachable",
    "several":
      "closed ended",
    "stalled":
      "closed ended supervisorSilent",
  ],
  .slot: [
    "backoff":
      "exited ready started stopping",
    "exited":
      "started",
    "ready":
      "backoff started stopping stuck",
    "started":
      "backoff ready stopping",
    "stopping":
      "backoff ready started stuck",
    "stuck":
      "started",
    "unknown":
      "backoff exited ready started stopping",
  ],
  .process: [
    "backoff":
      "exited started",
    "exited":
      "backoff exited started",
    "killed":
      "exited stuck",
    "nothing":
      "exited started",
    "ready":
      "exited killed stopping",
    "started":
      "exited ready stopping",
    "stopping":
      "exited killed ready",
    "stuck":
      "started",
  ],
  .breach: [
    "any":
      "nothing readerIsFull readerIsIdle workerIsLast workerIsLost workerIsWanted"
  ],
  .input: [
    "any":
      "backoff callerGone chunk credit drain exited isReady malformed next nonsense note otherWord "
      + "overdue overrun pardon query ready result settle show started state stopping "
      + "stuck takeBack tick unreachable unread version workerGone"
  ],
  .event: [
    "any":
      "cancelled changed crashed draining joined left lost overdue pardoned quarantined "
      + "quarantinedWhateverParameters released retried"
  ],
]

/// What they may do besides, when several messages in a row are lost or late, or a process that was
/// stuck ends among the words about its successor: too rare to be seen for certain.
private let rareSteps: [Transition.Machine: [String: String]] = [
  .request: [
    "absent":
      "deadline",
    "long":
      "badRequest denied failed ok parked tooLarge unchanged",
    "parked":
      "deadline long quarantined short urgentLong urgentShort",
    "short":
      "badRequest denied failed parked tooLarge unchanged",
    "unresolved":
      "badRequest denied failed parked quarantined tooLarge unchanged urgentLong",
    "urgentLong":
      "badRequest busy denied draining failed noSuchDatabase ok parked tooLarge "
      + "unchanged unresolved",
    "urgentShort":
      "badRequest busy denied draining failed noSuchDatabase ok parked tooLarge "
      + "unchanged",
  ],
  .worker: [
    "checking":
      "rescanning"
  ],
  .loss: [
    "abandoning":
      "unlisted unreachable",
    "checking":
      "closed nonsense replaced supervisorEnded supervisorSilent unlisted",
    "idle":
      "unlisted",
    "rescanning":
      "closed replaced supervisorEnded supervisorSilent unlisted",
    "running":
      "unlisted",
    "several":
      "nonsense replaced supervisorEnded supervisorSilent unlisted unreachable",
    "stalled":
      "nonsense replaced supervisorEnded unlisted unreachable",
  ],
  .slot: [
    "backoff":
      "stuck unknown",
    "exited":
      "backoff ready stopping stuck unknown",
    "ready":
      "exited unknown",
    "started":
      "exited stuck unknown",
    "stopping":
      "exited unknown",
    "stuck":
      "backoff exited ready stopping unknown",
    "unknown":
      "stuck",
  ],
  .process: [
    "backoff":
      "killed ready stopping",
    "exited":
      "killed ready stopping stuck",
    "killed":
      "backoff ready started stopping",
    "ready":
      "backoff started stuck",
    "started":
      "backoff killed stuck",
    "stopping":
      "backoff started stuck",
    "stuck":
      "backoff exited killed ready stopping stuck",
  ],
]

extension Transition {
  /// Those that must be seen.
  static let all = set(steps)
  /// One that is not among these must never be.
  static let possible = all.union(set(rareSteps))

  private static func set(_ table: [Machine: [String: String]]) -> Set<Transition> {
    Set(
      table.flatMap { machine, states in
        states.flatMap { from, others in
          others.split(separator: " ").map { Transition(machine, named: from, String($0)) }
        }
      })
  }

  private init(_ machine: Machine, named from: String, _ to: String) {
    guard let first = machine.names.from.firstIndex(of: from),
      let last = machine.names.to.firstIndex(of: to)
    else { preconditionFailure("\(machine) has no \(from) or no \(to)") }
    self.init(machine, first, last)
  }
}
