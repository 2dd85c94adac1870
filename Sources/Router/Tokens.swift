package import Broker
internal import ZeroMQ

/// The broker passes on what the loop gave it, and nothing else.
extension ClientRequest {
  package static func of(_ statement: any Statement) -> ClientRequest {
    unsafeDowncast(statement, to: ClientRequest.self)
  }
}

extension WorkerMessage {
  static func rows(_ body: Body) -> Frame {
    unsafeDowncast(body.owner, to: WorkerMessage.self).rows[body.index]
  }
}
