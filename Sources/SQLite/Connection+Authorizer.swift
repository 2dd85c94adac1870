internal import CSQLite

/// What part of a statement asks to be allowed.
package struct Access {
  package let kind: Kind
  /// What the action is on; what the two are, depends on the kind.
  package let first: String?
  package let second: String?

  /// One of SQLite's action codes.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
      self.rawValue = rawValue
    }
  }
}

/// Holds a closure where C wants a pointer.
final class Authorizer {
  let allows: (Access) -> Bool

  init(_ allows: @escaping (Access) -> Bool) {
    self.allows = allows
  }
}

extension Connection {
  /// Has everything that compiles SQL on this connection ask first; what is not allowed fails
  /// with `denied`.
  ///
  /// SQLite compiles again by itself when the schema has changed, and virtual tables compile
  /// statements of their own: these ask too.
  package func authorize(_ allows: @escaping (Access) -> Bool) {
    let authorizer = Authorizer(allows)
    sqlite3_set_authorizer(
      handle,
      { context, kind, first, second, _, _ in
        guard let context else { return SQLITE_DENY }
        let access = Access(
          kind: Access.Kind(rawValue: kind), first: first.map { String(cString: $0) },
          second: second.map { String(cString: $0) })
        return Unmanaged<Authorizer>.fromOpaque(context).takeUnretainedValue().allows(access)
          ? SQLITE_OK : SQLITE_DENY
      }, Unmanaged.passUnretained(authorizer).toOpaque())
    self.authorizer = authorizer
  }
}
