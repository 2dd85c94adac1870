import Testing
import Wire

@testable import Router

@Suite struct RowJointTests {
  private func start(_ joint: inout RowJoint, _ text: String) throws(Failure) -> Int {
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(Failure) in try joint.start(of: bytes) }
    }
    return try result.get()
  }

  @Test func theHeaderStandsOnce() throws {
    var joint = RowJoint(.csv)
    #expect(try start(&joint, "\"a\r\nb\",\"c\"\"\"\r\n1,2\r\n") == 0)
    #expect(try start(&joint, "\"a\r\nb\",\"c\"\"\"\r\n") == 14)
    #expect(try start(&joint, "\"a\r\nb\",\"c\"\"\"\r\n3,4\r\n") == 14)
  }

  @Test func otherColumnsAreRefused() throws {
    var joint = RowJoint(.csv)
    _ = try start(&joint, "a,b\r\n1,2\r\n")
    let failure = try #require(throws: Failure.self) { try start(&joint, "a,c\r\n1,2\r\n") }
    #expect(failure == Failure(.sql, "its columns are 'a,c', those before it 'a,b'"))
    #expect(throws: Failure.self) { try start(&joint, "a,b,c\r\n") }
    #expect(try start(&joint, "a,b\r\n") == 5)
  }

  @Test func otherFormatsHaveNoHeader() throws {
    for format in [Format.json, .tsv] {
      var joint = RowJoint(format)
      #expect(try start(&joint, "a\n") == 0)
      #expect(try start(&joint, "b\n") == 0)
    }
  }
}
