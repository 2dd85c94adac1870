import Client
import Wire

/// Who sends requests: either at random and whatever comes back, or through a session as it ships.
struct Caller {
  /// Nil for one that does as it likes.
  var session: Session?
  var connection: Int?
  /// Of its connection: each scopes ids.
  var envelopes: [Int] = []
  var nextId = 1
  /// What it has sent with ids: it may take that back.
  var sent: [(envelope: Int, id: String)] = []
  /// The last version that it has seen of each database.
  var versions: [Int: String] = [:]
  var tickDue: Instant?
  /// Whether it is going to do something.
  var isActing = false
  /// Whether its session has given up.
  var isOver = false
}
