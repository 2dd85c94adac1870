import Wire

/// Who is refused because of the deaths on his account.
struct Docket {
  private struct Account: Hashable {
    let text: Int
    let parameters: Int

    init(_ sent: Sent) {
      text = sent.text
      parameters = sent.parameters
    }
  }

  private struct Sentence {
    let text: Int
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

  func isRefused(_ sent: Sent) -> Bool {
    sentences.contains {
      $0.text == sent.text && ($0.parameters ?? sent.parameters) == sent.parameters
    }
  }

  func isSuspect(_ sent: Sent) -> Bool { accounts[Account(sent)] != nil }

  mutating func charge(_ sent: Sent, _ now: Instant) {
    let account = Account(sent)
    accounts[account] = ((accounts[account]?.deaths ?? 0) + 1, now)
    guard (accounts[account]?.deaths ?? 0) >= deaths, !isRefused(sent) else { return }
    accounts[account] = nil
    let isAny = sentences.count { $0.text == sent.text && $0.incriminatesText } >= 2
    if isAny { sentences.removeAll { $0.text == sent.text } }
    sentences.append(
      Sentence(
        text: sent.text, parameters: isAny ? nil : sent.parameters,
        end: now.adding(milliseconds: Self.milliseconds)))
  }

  mutating func survived(_ sent: Sent) {
    accounts[Account(sent)] = nil
    for index in sentences.indices where sentences[index].text == sent.text {
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
