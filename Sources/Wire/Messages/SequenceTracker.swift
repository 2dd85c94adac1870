/// Tells by publishers' numbers what of their events was missed.
///
/// What came before the first message of a publisher, or of a new incarnation, was never missed. Of
/// an incarnation whose end was not heard nobody knows what was.
package struct SequenceTracker: Sendable {
  package enum Finding: Equatable, Sendable {
    /// It is new, and so many events between it and what was heard last were missed.
    case new(missed: Int64)
    /// It is new, and of a new incarnation; the end of the one before was not heard.
    case newAfterUnheardEnd
    /// It was heard before, or says less than what was heard since.
    case old
  }

  /// The bound on publishers: messages of further ones all count as new.
  package static let maxPublishers = 1024

  private var last: [String: (incarnation: Int64, sequence: Int64, isEnd: Bool)] = [:]

  package init() {}

  package mutating func note(_ publication: Publication) -> Finding {
    let name = publication.publisher.name
    let incarnation = publication.publisher.incarnation
    let sequence = publication.sequence
    guard let known = last[name] else {
      if last.count < Self.maxPublishers { last[name] = (incarnation, sequence, publication.isEnd) }
      return .new(missed: 0)
    }
    // An earlier incarnation's last words are nobody's repetition.
    if incarnation < known.incarnation { return .new(missed: 0) }
    if incarnation == known.incarnation && sequence <= known.sequence {
      // A state has the number of the last event, and is repeated while nothing happens.
      return publication.isState && sequence == known.sequence ? .new(missed: 0) : .old
    }
    last[name] = (incarnation, sequence, publication.isEnd)
    if incarnation > known.incarnation {
      return known.isEnd ? .new(missed: 0) : .newAfterUnheardEnd
    }
    let missed = sequence - known.sequence - (publication.isState ? 0 : 1)
    return .new(missed: missed)
  }

  /// Nothing is to be expected from this publisher any more. Returns false when it was heard, but not
  /// its end.
  @discardableResult
  package mutating func forget(_ name: String) -> Bool {
    last.removeValue(forKey: name)?.isEnd ?? true
  }
}
