import TestSupport
import Testing

@testable import Wire

@Suite struct Base64Tests {
  private func encode(_ bytes: [UInt8]) -> String {
    var output = ByteBuffer()
    bytes.withUnsafeBytes { Base64.append($0, to: &output) }
    return text(Array(output))
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func rfcVectors(plain: String, encoded: String) {
    #expect(encode(Array(plain.utf8)) == encoded)
    #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_", "Z===",
    "Zg==A", "Z=g=", "Zm9vé",
  ])
  func refuses(encoded: String) {
    #expect(Base64.decode(Array(encoded.utf8)) == nil)
  }

  @Test func roundTripsEveryLength() {
    var random = SeededRandom(seed: 1)
    for count in 0...300 {
      let bytes = random.bytes(count)
      #expect(Base64.decode(Array(encode(bytes).utf8)) == bytes)
    }
  }
}
