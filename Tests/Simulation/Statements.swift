import Wire

/// Databases by their numbers.
struct DatabaseSet: Equatable, Sendable {
  private(set) var bits: UInt32 = 0

  static let empty = DatabaseSet()

  func contains(_ database: Int) -> Bool { bits & (1 << database) != 0 }
  mutating func insert(_ database: Int) { bits |= 1 << database }
  mutating func remove(_ database: Int) { bits &= ~(1 << database) }
  mutating func formUnion(_ other: DatabaseSet) { bits |= other.bits }

  func intersection(_ other: DatabaseSet) -> DatabaseSet {
    var result = self
    result.bits &= other.bits
    return result
  }
}

/// A file that workers serve.
struct Database {
  /// There never is one of this number.
  static let unknown = 6
  static let names = ["a", "b", "c", "d", "e", "f", "nowhere"]

  /// Counts the writes to it.
  var version = 1
}

/// What a text does to the worker that runs it.
enum Nature: CaseIterable {
  /// Quick enough to be run together with others.
  case quick
  /// Short, but not quick.
  case brisk
  case slow
  /// Mostly quick, and now and then slow.
  case moody
  /// Quick on its database, slow on others.
  case uneven
  case wrong
  /// Kills whoever runs it.
  case poison
  /// Kills whoever runs it with some parameters.
  case touchy
  /// Runs until it is told to end.
  case endless
  /// Runs until its worker is ended.
  case stubborn
  /// Cannot be interrupted for a while.
  case deaf
}

/// A text of SQL.
struct Text {
  let nature: Nature
  /// Where it is mostly run.
  let database: Int
}

/// A request as the broker sees it: a number, a text and one of a few parameter sets.
final class Sent: Statement, Sendable {
  static let parameterSets = 4

  static func of(_ statement: any Statement) -> Sent {
    unsafeDowncast(statement, to: Sent.self)
  }

  /// For what runs nothing.
  static func nobody(_ request: Int) -> Sent { Sent(request: request, text: 0, parameters: 0) }

  let request: Int
  let text: Int
  let parameters: Int

  init(request: Int, text: Int, parameters: Int) {
    self.request = request
    self.text = text
    self.parameters = parameters
  }

  func members(from first: Int, by size: Int) -> [any Statement] { [] }
  var isPart: Bool { false }
  var shapeHash: UInt64 { UInt64(text) }
  var textHash: UInt64 { UInt64(text) }
  var parametersHash: UInt64 { UInt64(parameters) }
  var excerpt: String { "s" }
}

/// How a run goes, if nothing comes between.
struct Course {
  enum End {
    case outcome(Outcome)
    case death
    /// It goes on until it is ended.
    case never
  }

  var end: End
  var microseconds: Int64
  var isInterruptible: Bool
  /// How many chunks of its result are sent before its end.
  var chunks = 0
}
