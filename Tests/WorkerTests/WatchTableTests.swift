import Testing

@testable import Worker

@Suite struct WatchTableTests {
  /// A table that watches `/a` through 1 and `/b` through 2.
  private func table() -> WatchTable {
    var table = WatchTable()
    _ = table.replace(["/a/x.db": "x", "/a/x.db-wal": "x", "/a/y.db": "y", "/b/z.db": "z"])
    table.add(1, of: "/a", isLate: false)
    table.add(2, of: "/b", isLate: false)
    return table
  }

  @Test func theFirstListIsNoChange() {
    var table = WatchTable()
    #expect(table.replace(["/a/x.db": "x", "/top.db": "top"]) == [])
    #expect(table.unwatched == ["/a", "/"])
    table.add(1, of: "/a", isLate: false)
    #expect(table.unwatched == ["/"])
    #expect(table.takeTouched() == [])
  }

  @Test func whatHappensToAFileIsItsDatabasesChange() {
    var table = table()
    table.touch("x.db-wal", through: 1)
    table.touch("z.db", through: 2)
    #expect(table.takeTouched() == ["x", "z"])
    #expect(table.takeTouched() == [])
  }

  @Test func namesAreBytes() {
    var table = WatchTable()
    _ = table.replace(["/d/\u{301}x.db": "x"])
    #expect(table.unwatched == ["/d"])
    table.add(1, of: "/d", isLate: false)
    table.touch("\u{301}x.db", through: 1)
    #expect(table.takeTouched() == ["x"])
  }

  @Test func aWriterIsNotDisturbedBeforeItsCommit() {
    var table = WatchTable()
    _ = table.replace(["/a/x.db": "x", "/a/x.db-journal": "x"])
    table.add(1, of: "/a", isLate: false)
    table.touch("x.db-journal", through: 1)
    #expect(table.takeTouched() == [])
    table.touch("x.db-journal", through: 1, isGone: true)
    #expect(table.takeTouched() == ["x"])
  }

  @Test func otherFilesAndOtherWatchesAreNobodys() {
    var table = table()
    table.touch("notes.txt", through: 1)
    table.touch("z.db", through: 1)
    table.touch("x.db", through: 3)
    table.touch("", through: 1)
    #expect(table.takeTouched() == [])
  }

  @Test func whatHasComeGoneOrMovedMayHaveChangedBefore() {
    var table = table()
    #expect(table.replace(["/a/x.db": "x", "/a/new.db": "new", "/c/y.db": "y"]) == [2])
    // The `-wal` of x has gone, y has moved, z has gone.
    #expect(table.takeTouched() == ["x", "new", "y", "z"])
    #expect(table.unwatched == ["/c"])
    table.touch("z.db", through: 2)
    #expect(table.takeTouched() == [])
  }

  @Test func theSameListAgainIsNoChange() {
    var table = table()
    let same = ["/a/x.db": "x", "/a/x.db-wal": "x", "/a/y.db": "y", "/b/z.db": "z"]
    #expect(table.replace(same) == [])
    #expect(table.takeTouched() == [])
    table.touch("z.db", through: 2)
    #expect(table.takeTouched() == ["z"])
  }

  @Test func aWatchThatEndsMayHaveMissedAnything() {
    var table = table()
    table.lose(1)
    #expect(table.unwatched == ["/a"])
    #expect(table.takeTouched() == ["x", "y"])
    // Until it is watched again, and for the last time then.
    table.touch("x.db", through: 1)
    #expect(table.takeTouched() == [])
    table.add(7, of: "/a", isLate: true)
    #expect(table.unwatched == [])
    #expect(table.takeTouched() == ["x", "y"])
    table.lose(99)
    #expect(table.unwatched == [])
  }

  @Test func twoPathsToOneDirectoryShareItsWatch() {
    var table = WatchTable()
    _ = table.replace(["/a/x.db": "x", "/bound/x.db": "other"])
    table.add(1, of: "/a", isLate: false)
    table.add(1, of: "/bound", isLate: false)
    table.touch("x.db", through: 1)
    #expect(table.takeTouched() == ["x", "other"])
    // The watch is needed as long as one of them is.
    #expect(table.replace(["/a/x.db": "x"]) == [])
    #expect(table.takeTouched() == ["other"])
    table.touch("x.db", through: 1)
    #expect(table.takeTouched() == ["x"])
    #expect(table.replace([:]) == [1])
  }

  @Test func whenTheKernelLosesCountAllMayHaveChanged() {
    var table = table()
    table.touchAll()
    #expect(table.takeTouched() == ["x", "y", "z"])
  }
}
