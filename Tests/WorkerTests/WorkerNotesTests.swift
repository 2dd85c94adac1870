import Glibc
import Testing
import Toolkit
import Wire
import ZeroMQ

@testable import Worker

/// On real files and sockets, with a clock that the test moves.
@Suite struct WorkerNotesTests {
  /// What the router was told since the last look: the databases.
  private func told(_ router: borrowing Socket) throws -> [String] {
    var databases: [String] = []
    while let message = try router.receive() {
      #expect(message.count == 3 && message[1].isEmpty)
      let note = try #require(ChangeNote(Line(parsing: message[2])))
      #expect(note.member == Member(name: "w", generation: 1))
      databases.append(note.database)
    }
    return databases
  }

  private func write(_ path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    #expect(Glibc.write(file, "x", 1) == 1)
    close(file)
  }

  @Test func aDatabaseIsToldOfOnceInAnIntervalToTheRouterThatIsThere() throws {
    var template = Array("/tmp/xodb-notes.XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    let directory = String(cString: made)
    let (x, y) = ("\(directory)/x.db", "\(directory)/y.db")
    defer {
      unlink(x)
      unlink(y)
      rmdir(directory)
    }
    let context = try Context()
    let router = try Socket(.router, in: context)
    try router.bind("inproc://notes")
    let files = try FileWatch()
    files.watch([x: "x", y: "y"])
    var notes = WorkerNotes(
      files, Member(name: "w", generation: 1), router: "inproc://notes", context: context)

    // What the runner is told, at each look once, with a router and without.
    var heard: [Set<String>] = []

    // Without a router nothing is told, and nothing forgotten.
    write(x)
    try notes.serve(nil, now: .at(0)) { heard.append($0) }
    #expect(notes.descriptor(now: .at(0)) != nil)
    try notes.serve(.router(1), now: .at(1)) { heard.append($0) }
    #expect(try told(router) == ["x"])

    // Within the interval there is nothing to poll, only a time to come back at.
    write(x)
    write(x)
    write(y)
    #expect(notes.descriptor(now: .at(20)) == nil)
    #expect(notes.due(now: .at(20)) == .at(21))
    try notes.serve(.router(1), now: .at(20)) { heard.append($0) }
    #expect(try told(router) == [])
    try notes.serve(.router(1), now: .at(21)) { heard.append($0) }
    #expect(try told(router).sorted() == ["x", "y"])

    // What has not changed is not told, to another router neither.
    try notes.serve(.router(2), now: .at(100)) { heard.append($0) }
    #expect(try told(router) == [])
    write(y)
    try notes.serve(.router(2), now: .at(101)) { heard.append($0) }
    #expect(try told(router) == ["y"])
    #expect(heard == [["x"], ["x", "y"], ["y"]])
  }
}
