internal import SQLite
internal import Wire

extension PreparedStatement {
  /// Binds a value to each parameter; none may lack one, and none may be left over.
  func bind(_ parameters: Parameters) throws(RunError) {
    switch parameters {
    case .positional(let values): try bind(values)
    case .named(let values): try bind(values)
    }
  }

  private func bind(_ values: [Value]) throws(RunError) {
    guard values.count == parameterCount else {
      let noun = parameterCount == 1 ? "parameter" : "parameters"
      throw .refused(
        .badRequest, "the statement has \(parameterCount) \(noun), \(values.count) given")
    }
    for (index, value) in values.enumerated() { try bind(value, to: index + 1) }
  }

  private func bind(_ values: [(name: String, value: Value)]) throws(RunError) {
    var isBound = Array(repeating: false, count: parameterCount)
    let places = places()
    for (name, value) in values {
      guard let numbers = places[Array(name.utf8)] else {
        throw .refused(.badRequest, "the statement has no parameter '\(name)'")
      }
      for number in numbers {
        guard !isBound[number - 1] else {
          throw .refused(.badRequest, "parameter '\(name)' is given twice")
        }
        isBound[number - 1] = true
        try bind(value, to: number)
      }
    }
    guard let missing = isBound.firstIndex(of: false) else { return }
    guard let name = parameterNames[missing] else {
      throw .refused(
        .badRequest, "parameter \(missing + 1) has no name: give the parameters as an array")
    }
    throw .refused(.badRequest, "parameter '\(name)' is not given")
  }

  /// The parameters of each name, with its first byte and without; by bytes, as SQLite tells them apart.
  private func places() -> [[UInt8]: [Int]] {
    var places: [[UInt8]: [Int]] = [:]
    for (index, name) in parameterNames.enumerated() {
      guard let name else { continue }
      let bytes = Array(name.utf8)
      places[bytes, default: []].append(index + 1)
      if bytes.first != UInt8(ascii: "?") {
        places[Array(bytes.dropFirst()), default: []].append(index + 1)
      }
    }
    return places
  }

  private func bind(_ value: Value, to number: Int) throws(RunError) {
    try wrapping { () throws(SQLiteError) in
      switch value {
      case .null: try statement.bindNull(number)
      case .integer(let integer): try statement.bind(integer, to: number)
      case .real(let real): try statement.bind(real, to: number)
      case .text(let bytes):
        try bytes.withBytes { bytes throws(SQLiteError) in
          try statement.bindText(bytes, to: number)
        }
      case .blob(let bytes):
        try bytes.withBytes { bytes throws(SQLiteError) in
          try statement.bindBlob(bytes, to: number)
        }
      }
    }
  }
}

extension [UInt8] {
  /// `withUnsafeBytes`, which does not keep the error's type.
  fileprivate func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(SQLiteError) -> Void
  ) throws(SQLiteError) {
    let result = withUnsafeBytes { bytes in
      Result { () throws(SQLiteError) in try body(bytes) }
    }
    try result.get()
  }
}
