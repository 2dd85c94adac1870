package import Broker
package import ZeroMQ

/// The broker passes on what the loop gave it, and nothing else.
extension ClientRequest {
  package static func of(_ statement: any Statement) -> ClientRequest {
    unsafeDowncast(statement, to: ClientRequest.self)
  }
}

extension Frame {
  package init(_ body: Body) {
    self.init(unsafeDowncast(body.owner, to: Multipart.self), body.index)
  }
}
