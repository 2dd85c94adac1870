internal import Wire

/// Requests that have killed workers, and are refused for a while.
///
/// A death is on the account of a statement with its parameters, until a run of it is survived. Who
/// has `deaths` of them is quarantined; a text of which several parameter sets are, with no run of it
/// survived in between, is quarantined whatever its parameters.
struct Quarantine {
  /// How long a request is refused, and how long a death is remembered.
  static let milliseconds = 60_000
  /// So many parameter sets of a text are quarantined; then the text is.
  static let sets = 3
  /// What bounds the accounts and the entries, each; the oldest make room.
  static let capacity = 1000

  /// A statement with its parameters.
  struct Account: Hashable {
    let statement: StatementKey
    let parameters: UInt64
    /// How its SQL begins. Equal for equal texts.
    let excerpt: String
  }

  struct Entry {
    let statement: StatementKey
    /// Nil for any.
    let parameters: UInt64?
    let excerpt: String
    let deaths: Int
    let end: Instant
    /// Whether it speaks against its text: no run of that has been survived since.
    var incriminatesText = true
  }

  struct Deaths {
    var count = 0
    var last: Instant
  }

  /// So many deaths lead to quarantine.
  let deaths: Int
  private(set) var accounts: [Account: Deaths] = [:]
  /// What is quarantined, in the order in which that ends.
  private(set) var entries: [Entry] = []

  init(deaths: Int) {
    self.deaths = deaths
  }

  /// Whether nothing at all is known against anybody.
  var isEmpty: Bool { accounts.isEmpty && entries.isEmpty }

  /// When `expire` has something to do.
  var nextEnd: Instant? { entries.first?.end }

  /// What refuses a request.
  func entry(for account: Account) -> Entry? {
    entries.first {
      $0.statement == account.statement && $0.parameters ?? account.parameters == account.parameters
    }
  }

  /// Whether a worker has died of it.
  func isSuspect(_ account: Account) -> Bool { accounts[account] != nil }

  /// A worker has died of it. Returns what is quarantined from now on because of that.
  mutating func died(_ account: Account, now: Instant) -> Entry? {
    if accounts[account] == nil && accounts.count >= Self.capacity { forgetOldest() }
    accounts[account, default: Deaths(last: now)].count += 1
    accounts[account]?.last = now
    guard let count = accounts[account]?.count, count >= deaths, entry(for: account) == nil else {
      return nil
    }
    accounts[account] = nil
    let others = entries.filter { $0.statement == account.statement && $0.incriminatesText }
    let isText = others.count + 1 >= Self.sets
    if isText { entries.removeAll { $0.statement == account.statement } }
    let entry = Entry(
      statement: account.statement, parameters: isText ? nil : account.parameters,
      excerpt: account.excerpt,
      deaths: isText ? others.reduce(count) { $0 + $1.deaths } : count,
      end: now.adding(milliseconds: Self.milliseconds))
    if entries.count >= Self.capacity { entries.removeFirst() }
    entries.append(entry)
    return entry
  }

  /// A run of it has ended well for its worker.
  mutating func survived(_ account: Account) {
    accounts[account] = nil
    for index in entries.indices
    where entries[index].incriminatesText && entries[index].statement == account.statement {
      entries[index].incriminatesText = false
    }
  }

  /// Forgets what is over. Returns what is not quarantined any more.
  mutating func expire(_ now: Instant) -> [Entry] {
    let ended = entries.prefix { $0.end <= now }
    entries.removeFirst(ended.count)
    if !accounts.isEmpty {
      let limit = now.adding(milliseconds: -Self.milliseconds)
      accounts = accounts.filter { $0.value.last > limit }
    }
    return Array(ended)
  }

  /// Lets everybody go, and forgets all deaths.
  mutating func clear() {
    accounts = [:]
    entries = []
  }

  private mutating func forgetOldest() {
    guard let oldest = accounts.min(by: { $0.value.last < $1.value.last })?.key else { return }
    accounts[oldest] = nil
  }
}

extension Line {
  func with(_ entry: Quarantine.Entry) -> Line {
    with("db", entry.statement.database).with("deaths", entry.deaths)
      .with("any_parameters", entry.parameters == nil ? "yes" : nil).with("sql", entry.excerpt)
  }
}
