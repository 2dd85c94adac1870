import Testing

@testable import Wire

@Suite struct NetstringTests {
  private func read(_ text: String) throws -> [String] {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var reader = NetstringReader(bytes)
      var contents: [String] = []
      while !reader.isAtEnd { contents.append(String(decoding: try reader.next(), as: UTF8.self)) }
      return contents
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let contents = ["", "a", "5:hello,", String(repeating: "x", count: 100_000), "é\n"]
    var buffer = ByteBuffer()
    for content in contents {
      Array(content.utf8).withUnsafeBytes { buffer.append(netstring: $0) }
    }
    #expect(try read(String(decoding: buffer.bytes, as: UTF8.self)) == contents)
    #expect(try read("0:,5:hello,") == ["", "hello"])
    #expect(try read("").isEmpty)
  }

  @Test(arguments: [
    "x", "5", "5:", "5:hell", "5:hello", "5:hello;", "6:hello,", "4:hello,", ":,", "-1:,",
    "05:hello,",
    "00:,", "99999999999999999999:,", "9223372036854775807:a,", "9999999999:a,", "1:a,2",
    "1:a, 1:b,",
  ])
  func whatIsNoneIsRefused(_ text: String) {
    #expect(throws: LineError.self) { try read(text) }
  }
}
