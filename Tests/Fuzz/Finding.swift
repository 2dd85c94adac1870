/// What should not have happened, and the bytes that brought it about.
struct Finding: Error {
  let why: String
  let bytes: [UInt8]

  init(_ why: String, _ bytes: [UInt8] = []) {
    self.why = why
    self.bytes = bytes
  }
}

/// Fails unless something holds that always should.
func expect(
  _ condition: Bool, _ why: @autoclosure () -> String, _ bytes: @autoclosure () -> [UInt8]
) throws(Finding) {
  if !condition { throw Finding(why(), bytes()) }
}
