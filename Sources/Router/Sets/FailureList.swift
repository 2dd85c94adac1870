internal import Wire

/// The databases that were left out, as far as they are told of.
struct FailureList {
  /// So many are named.
  private static let maxNamed = 3
  /// Of what is said of each, in characters.
  private static let maxMessage = 200

  private(set) var count = 0
  /// Of the first.
  private(set) var code: ErrorCode?
  private var named: [String] = []

  /// Nil when there are none.
  var why: String? {
    guard count > 0 else { return nil }
    let others = count > named.count ? ["and \(count - named.count) more"] : []
    return (named + others).joined(separator: "; ")
  }

  mutating func append(_ name: String, _ failure: Failure) {
    count += 1
    code = code ?? failure.code
    guard named.count < Self.maxNamed else { return }
    named.append("\(name): \(failure.code.rawValue): \(failure.message.prefix(Self.maxMessage))")
  }
}
