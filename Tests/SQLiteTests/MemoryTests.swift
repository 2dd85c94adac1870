import SQLite
import Testing

/// Other tests use SQLite meanwhile, in this process, but never so much.
@Suite struct MemoryTests {
  private static let much = 256 << 20

  @Test func itIsCountedAndBounded() throws {
    let connection = try Connection(":memory:", [.readWrite, .create])
    Memory.limit(3 * Self.much)
    defer { Memory.limit(.max) }
    do {
      let statement = try connection.prepare("select zeroblob(?1) || ''")
      try statement.bind(Int64(Self.much), to: 1)
      #expect(try statement.step())
      #expect(Memory.used >= Self.much)
    }
    #expect(Memory.used < Self.much)
    let statement = try connection.prepare("select randomblob(?1)")
    try statement.bind(Int64(4 * Self.much - Self.much / 2), to: 1)
    #expect { try statement.step() } throws: { ($0 as? SQLiteError)?.code == .noMemory }
    #expect(Memory.used < Self.much)
    #expect(try connection.prepare("select 1").step())
  }
}
