package import Broker
internal import ZeroMQ

/// The broker passes on what the loop gave it, and nothing else.
extension ClientRequest {
  package static func of(_ statement: any Statement) -> ClientRequest {
    unsafeDowncast(statement, to: ClientRequest.self)
  }
}

/// A message with rows that are passed on.
package class RowsOwner {
  /// Of each of its parts.
  final var rows: [Frame] = []
}

extension Body {
  var frame: Frame { unsafeDowncast(owner, to: RowsOwner.self).rows[index] }
}
