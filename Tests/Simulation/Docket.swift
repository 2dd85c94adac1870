import Wire

/// Who is refused because of the deaths on his account.
struct Docket {
  private struct Account: Hashable {
    let statement: Ledger.Statement
    let parameters: Int

    init(_ request: Ledger.Request) {
      statement = Ledger.Statement(request)
      parameters = request.sent.parameters
    }
  }

  private struct Sentence {
    let statement: Ledger.Statement
    /// Nil for all.
    let parameters: Int?
    let end: Instant
    /// Whether it speaks against its text: no run of that has been survived since.
    var incriminatesText = true
  }

  static let milliseconds = 60_000

  var deaths = 0
  private var accounts: [Account: (deaths: Int, last: Instant)] = [:]
  private var sentences: [Sentence] = []

  func isRefused(_ request: Ledger.Request) -> Bool {
    let account = Account(request)
    return sentences.contains {
      $0.statement == account.statement
        && ($0.parameters ?? account.parameters) == account.parameters
    }
  }

  func isSuspect(_ request: Ledger.Request) -> Bool { accounts[Account(request)] != nil }

  mutating func charge(_ request: Ledger.Request, _ now: Instant) {
    let account = Account(request)
    accounts[account] = ((accounts[account]?.deaths ?? 0) + 1, now)
    guard (accounts[account]?.deaths ?? 0) >= deaths, !isRefused(request) else { return }
    accounts[account] = nil
    let isAny =
      sentences.count { $0.statement == account.statement && $0.incriminatesText } >= 2
    if isAny { sentences.removeAll { $0.statement == account.statement } }
    sentences.append(
      Sentence(
        statement: account.statement, parameters: isAny ? nil : account.parameters,
        end: now.adding(milliseconds: Self.milliseconds)))
  }

  mutating func survived(_ request: Ledger.Request) {
    let account = Account(request)
    accounts[account] = nil
    for index in sentences.indices where sentences[index].statement == account.statement {
      sentences[index].incriminatesText = false
    }
  }

  mutating func pardon() {
    accounts = [:]
    sentences = []
  }

  mutating func tick(_ now: Instant) {
    sentences.removeAll { $0.end <= now }
    let limit = now.adding(milliseconds: -Self.milliseconds)
    if !accounts.isEmpty { accounts = accounts.filter { $0.value.last > limit } }
  }
}
