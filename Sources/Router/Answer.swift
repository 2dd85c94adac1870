internal import Broker
internal import Wire
internal import ZeroMQ

/// What goes to a client: the envelope of its request, a line, and rows if there are any.
struct Answer {
  let request: ClientRequest
  let line: Line
  let body: Part

  /// The frames of an answer that has to wait: it keeps neither its request nor the much larger
  /// message in which its rows may have come.
  var parts: [Part] {
    var parts = request.sender.envelopeParts
    parts.append(.bytes(line.encoded()))
    if case .frame(let frame) = body {
      parts.append(.frame(frame.compact))
    } else {
      parts.append(body)
    }
    return parts
  }
}
