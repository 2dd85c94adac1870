import Wire

/// The parameter parser: what it takes, it prints so that it takes the same again.
enum ParametersTarget {
  static func run(_ source: inout Source) throws(Finding) {
    if source.chance(30) { return try values(&source) }
    let samples = (0..<2).map { _ in Array(source.json().utf8) }
    let bytes = source.input(like: samples)
    source.trace(bytes)
    guard let parameters = try parse(bytes) else { return }
    let printed = parameters.json()
    try expect(try parse(printed) == parameters, "not the same again", bytes)
    // What is printed is the one way to write it.
    try expect(try parse(printed)?.json() == printed, "not the same text again", bytes)
  }

  /// Whatever values there are, they arrive.
  private static func values(_ source: inout Source) throws(Finding) {
    let values = (0..<source.below(6)).map { _ in source.value() }
    let isNamed = source.chance(50)
    let parameters: Parameters =
      isNamed
      ? .named(values.enumerated().map { (name: "n\($0)\"\u{e9}\n", value: $1) })
      : .positional(values)
    let bytes = parameters.json()
    source.trace(bytes)
    try expect(try parse(bytes) == parameters, "values do not arrive", bytes)
  }

  private static func parse(_ bytes: [UInt8]) throws(Finding) -> Parameters? {
    let result = bytes.withUnsafeBytes { frame in
      Result { () throws(JSONError) in try Parameters(json: frame) }
    }
    switch result {
    case .success(let parameters): return parameters
    case .failure(let error):
      try expect((0...bytes.count).contains(error.offset), "an offset beyond the frame", bytes)
      return nil
    }
  }
}
