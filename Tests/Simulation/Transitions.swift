/// What the machines do, from each state: all these steps must be seen.
private let steps: [Transition.Machine: [String: String]] = [
  .request: [
    "absent":
      "badRequest busy draining long noSuchDatabase ok quarantined repeated running "
      + "short unresolved urgentLong urgentShort",
    "long":
      "busy cancelled deadline draining noSuchDatabase quarantined running unanswered "
      + "unresolved urgentLong urgentShort",
    "parked":
      "busy cancelled draining noSuchDatabase running short unanswered unchanged "
      + "unresolved",
    "running":
      "badRequest cancelled crashed deadline denied draining failed noSuchDatabase "
      + "ok parked quarantined tooLarge unanswered unchanged unresolved urgentLong "
      + "urgentShort",
    "short":
      "busy cancelled deadline draining noSuchDatabase quarantined running unanswered "
      + "unresolved urgentLong urgentShort",
    "unresolved":
      "busy cancelled deadline draining long noSuchDatabase ok running short unanswered "
      + "urgentShort",
    "urgentLong":
      "cancelled deadline quarantined running unanswered unresolved",
    "urgentShort":
      "cancelled deadline draining quarantined running unanswered unresolved",
  ],
  .worker: [
    "abandoning":
      "checking dismissed idle lost rescanning running",
    "absent":
      "checking idle rescanning running",
    "checking":
      "dismissed idle lost rescanning running",
    "idle":
      "checking dismissed lost rescanning running",
    "rescanning":
      "checking dismissed idle lost running",
    "running":
      "abandoning checking dismissed idle lost rescanning",
  ],
  .loss: [
    "abandoning":
      "closed ended nonsense replaced supervisorEnded supervisorSilent",
    "checking":
      "ended unreachable",
    "idle":
      "closed ended replaced supervisorEnded supervisorSilent",
    "rescanning":
      "ended nonsense supervisorSilent unreachable",
    "running":
      "closed ended nonsense replaced supervisorEnded supervisorSilent unreachable",
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
  .input: [
    "any":
      "backoff callerGone drain exited isReady malformed nonsense note otherWord "
      + "overdue pardon query ready result show started state stopping stuck takeBack "
      + "tick unreachable version workerGone"
  ],
  .event: [
    "any":
      "overdue cancelled changed crashed draining joined lost pardoned quarantined "
      + "quarantinedWhateverParameters released retried"
  ],
]

/// What they may do besides, when several messages in a row are lost or late, or a process that was
/// stuck ends among the words about its successor: too rare to be seen for certain.
private let rareSteps: [Transition.Machine: [String: String]] = [
  .request: [
    "absent":
      "deadline",
    "parked":
      "deadline long quarantined urgentLong urgentShort",
    "running":
      "long short",
    "unresolved":
      "badRequest denied failed parked quarantined tooLarge unchanged urgentLong",
    "urgentLong":
      "busy badRequest denied draining failed noSuchDatabase ok parked tooLarge "
      + "unchanged",
    "urgentShort":
      "busy badRequest denied failed noSuchDatabase ok parked tooLarge unchanged",
  ],
  .loss: [
    "abandoning":
      "unlisted",
    "checking":
      "supervisorEnded closed nonsense replaced supervisorSilent unlisted",
    "idle":
      "unlisted",
    "rescanning":
      "supervisorEnded closed replaced unlisted",
    "running":
      "unlisted",
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
