package import Broker
internal import ZeroMQ

/// The broker passes on what the loop gave it, and nothing else.
extension ClientRequest {
  package static func of(_ statement: any Statement) -> ClientRequest {
    unsafeDowncast(statement, to: ClientRequest.self)
  }
}

/// The rows in a message that are passed on.
package final class RowsOwner {
  @exclusivity(unchecked) private(set) var rows: [Frame] = []

  /// Takes the rows of one answer.
  func body(_ frame: Frame) -> Body {
    rows.append(frame)
    return Body(owner: self, index: rows.count - 1)
  }
}

extension Body {
  var frame: Frame { unsafeDowncast(owner, to: RowsOwner.self).rows[index] }
}
