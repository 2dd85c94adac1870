import Wire

/// One child more, or one fewer.
extension Supervisor {
  /// The next free number gets a child, which may be one that an earlier child had.
  mutating func oneMoreRequested(now: Instant) {
    guard mode == .running, mayResize("add a worker") else { return }
    let count = slots.count { !$0.isGone }
    guard count < Settings.maxChildren else {
      return report("add a worker", "there are \(count), which is the most")
    }
    if let free = slots.firstIndex(where: \.isGone) {
      slots[free].isRetiring = false
      slots[free].backoff = Backoff()
      slots[free].state = opening(of: free, now: now)
    } else {
      slots.append(Slot(name: settings.childName(slots.count), dueAt: now))
    }
    publishSize()
  }

  /// The child with the highest number ends for good.
  mutating func oneFewerRequested(now: Instant) {
    guard mode == .running, mayResize("remove a worker") else { return }
    guard slots.count(where: { !$0.isRetiring }) > 1,
      let last = slots.lastIndex(where: { !$0.isRetiring })
    else { return report("remove a worker", "there is only one") }
    slots[last].isRetiring = true
    publishSize()
    switch slots[last].state {
    case .waiting, .blocked: slots[last].state = .ended
    case .running(let child): if child.stop == nil { tellToEnd(last, now: now) }
    case .spawning, .ended: break
    }
    // It may have been the only one that was not.
    sayReadyIfAllAre()
  }

  /// A copy of a supervisor would want the same names for its children.
  private mutating func mayResize(_ what: String) -> Bool {
    guard let one = slots.first(where: { $0.heard.contains(.takesHangUp) }) else { return true }
    report(what, "\(one.name) keeps processes of its own: ask that one")
    return false
  }

  private mutating func publishSize() {
    publish(Line("supervisor.resized").with("workers", slots.count { !$0.isRetiring }))
  }
}
