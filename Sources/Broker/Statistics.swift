internal import Wire

/// What a router has done, since its start and over the last minute.
struct Statistics {
  struct Period {
    var answers = AnswerCounts()
    /// Workers that died while they ran a request.
    var deaths: UInt64 = 0
    /// How often a worker was given several requests at once, and how many those were.
    var batches: UInt64 = 0
    var batchedRequests: UInt64 = 0
    var wait = Histogram()
    var run = Histogram()
    var total = Histogram()

    mutating func add(_ other: Period) {
      answers.add(other.answers)
      deaths += other.deaths
      batches += other.batches
      batchedRequests += other.batchedRequests
      wait.add(other.wait)
      run.add(other.run)
      total.add(other.total)
    }
  }

  /// The minute is kept in so many parts, of which the oldest is dropped as a whole.
  static let parts = 12
  static let partMicroseconds: Int64 = 5_000_000

  let start: Instant
  /// All that is older than the current part.
  private var past = Period()
  /// The parts of the last minute by their numbers, counted from the start; the current one is last.
  private var recent: [(number: Int64, period: Period)] = []

  init(now: Instant) {
    start = now
  }

  /// - Parameter count: of how many requests it is the outcome.
  mutating func note(_ outcome: Outcome, _ count: Int, _ now: Instant) {
    let count = UInt64(count)
    update(now) { period in
      switch outcome {
      case .rows, .unchanged: period.answers.ok += count
      case .failure(let failure): period.answers.failed[failure.code, default: 0] += count
      }
    }
  }

  mutating func noteDeath(_ now: Instant) { update(now) { $0.deaths += 1 } }

  mutating func note(batchOf requests: Int, _ now: Instant) {
    update(now) { period in
      period.batches += 1
      period.batchedRequests += UInt64(requests)
    }
  }

  /// How long so many requests each waited, ran, and took in all, in microseconds.
  mutating func note(wait: Int64, run: Int64, total: Int64, _ count: Int, _ now: Instant) {
    update(now) { period in
      period.wait.note(wait, count)
      period.run.note(run, count)
      period.total.note(total, count)
    }
  }

  @inline(__always)
  private mutating func update(_ now: Instant, _ change: (inout Period) -> Void) {
    let number = now.microseconds(since: start) / Self.partMicroseconds
    if recent.isEmpty || recent[recent.count - 1].number != number {
      if let last = recent.last { past.add(last.period) }
      recent.append((number, Period()))
      if recent.count > Self.parts { recent.removeFirst() }
    }
    change(&recent[recent.count - 1].period)
  }

  /// Since the start.
  var all: Period {
    var all = past
    if let last = recent.last { all.add(last.period) }
    return all
  }

  /// Over the last minute, give or take a part of it.
  func lastMinute(_ now: Instant) -> Period {
    let number = now.microseconds(since: start) / Self.partMicroseconds
    var minute = Period()
    for part in recent where part.number > number - Int64(Self.parts) { minute.add(part.period) }
    return minute
  }
}
