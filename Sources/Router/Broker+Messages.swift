package import Broker
package import Wire
package import ZeroMQ

/// Messages as they come from the sockets, whatever is in them.
extension Broker {
  /// Takes a client's request in, or refuses it with the reason.
  /// - Parameter sets: takes those that are about several databases.
  package mutating func receive(
    _ received: RequestReader.Received, besides sets: inout Sets, now: Instant
  ) {
    let request = received.request
    switch received.content {
    case .message(let message):
      if sets.receive(message, request, &self, now: now) { return }
      receive(
        message, request, size: request.size, from: request.sender.client,
        over: request.sender.connection, now: now)
    case .refused(let failure, let id): refuse(request, id: id, failure, now: now)
    }
  }

  /// Takes a peer's message in.
  package mutating func receive(_ reply: PeerReply, from number: Int, now: Instant) {
    if let (capacity, databases) = reply.capacity {
      receive(capacity, databases: databases, from: number, now: now)
    }
    for (answer, body) in reply.answers { receive(answer, body, from: number, now: now) }
  }

  /// Takes a worker's message in. Fails with what is wrong with it; its sender is sent away then.
  /// - Parameter lines: knows the lines of workers before.
  package mutating func receive(
    fromWorker message: Multipart, _ lines: inout WorkerLines, now: Instant
  ) throws(LineError) {
    let peer = PeerID(message[0])
    do throws(LineError) {
      switch try WorkerMessage.note(message) {
      case .change(let note): receive(note, now: now)
      case .overrun(let note): receive(note, now: now)
      case nil:
        let received = try WorkerMessage(message, &lines)
        switch received.head {
        case .ready(let report, let databases):
          receive(
            report, databases: databases, results: received.results,
            versions: received.versions, from: peer, now: now)
        case .chunk(let report, let chunk):
          receive(report, chunk, results: received.results, from: peer, now: now)
        }
      }
    } catch {
      misunderstood(peer, why: error.description, now: now)
      throw error
    }
  }
}
