import Glibc
import SQLite
import TestSupport

/// Does to a database what its owners do: commits, rolls back, checkpoints, vacuums, changes the
/// journal mode, goes away and comes back, replaces the file.
///
/// The table `t` has a row of a number that each commit raises, and others that make pages come and
/// go.
struct RandomWriter {
  private let fixture: Fixture
  private var random: SeededRandom
  private var connection: Connection?
  private(set) var number = 0
  private static let modes = ["wal", "wal", "delete", "truncate", "persist"]

  init(_ fixture: Fixture, seed: UInt64) throws {
    self.fixture = fixture
    random = SeededRandom(seed: seed)
    try make("a.db")
  }

  private mutating func make(_ file: String) throws {
    number += 1
    try fixture.database(
      file,
      """
      pragma page_size=\([512, 1024, 4096].randomElement(using: &random) ?? 512);
      pragma auto_vacuum=\(Int.random(in: 0...2, using: &random));
      pragma journal_mode=\(Self.modes.randomElement(using: &random) ?? "wal");
      create table t(id integer primary key, x);
      insert into t values(0, \(number));
      """)
  }

  /// - Parameter hasReaders: whether somebody may have the file open.
  mutating func step(hasReaders: Bool) throws {
    let writer = try connection ?? Connection(fixture.file("a.db"), .readWrite)
    connection = writer
    // Readers come and go.
    writer.onBusy { attempt in usleep(200) == 0 && attempt < 5000 }
    try writer.execute(
      "pragma synchronous=off; pragma wal_autocheckpoint=\([0, 1, 5].randomElement(using: &random) ?? 0)"
    )
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<10: try commit(writer)
    case 10: try writer.execute("begin; update t set x = -1; insert into t(x) values(-1); rollback")
    case 11: try writer.execute("vacuum")
    case 12: connection = nil
    case 13 where !hasReaders: try replace()
    case 14 where !hasReaders:
      let mode = Self.modes.randomElement(using: &random) ?? "wal"
      try writer.execute("pragma journal_mode=\(mode)")
    default:
      let kinds = ["passive", "full", "restart", "truncate", "truncate"]
      try writer.execute(
        "pragma wal_checkpoint(\(kinds.randomElement(using: &random) ?? "full"))")
    }
  }

  private mutating func commit(_ writer: Connection) throws {
    number += 1
    var sql = "begin immediate; update t set x = \(number) where id = 0;"
    let id = Int.random(in: 1..<40, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: sql += "replace into t values(\(id), hex(randomblob(300)));"
    case 1: sql += "delete from t where id > \(id); pragma incremental_vacuum;"
    default: break
    }
    try writer.execute(sql + "commit")
  }

  /// Replaces the file by another one, with no log beside it.
  private mutating func replace() throws {
    try connection?.execute("pragma wal_checkpoint(truncate)")
    connection = nil
    try make("new.db")
    rename(fixture.file("new.db"), fixture.file("a.db"))
  }
}
