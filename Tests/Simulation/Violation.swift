/// What must not happen has happened.
struct Violation: Error {
  let what: String

  init(_ what: String) { self.what = what }
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws(Violation) {
  if !holds { throw Violation(what()) }
}
