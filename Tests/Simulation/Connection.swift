import Wire

/// A connection to a router.
struct Connection {
  enum Owner {
    case caller(Int)
    case worker(Int)
  }

  let owner: Owner
  /// The incarnation of the router that it leads to; 0 when there was none.
  let router: Int64
  /// Whether that router takes it for open.
  var isAtRouter: Bool
  /// When its owner closed it, or ended.
  var closedAt: Instant?
  var toRouter = Channel()
  var fromRouter = Channel()
}
