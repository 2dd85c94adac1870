extension RowWriter {
  /// Appends a value of a column.
  package func append(_ value: Value, column: Int, to output: inout ByteBuffer) {
    switch value {
    case .null: appendNull(column: column, to: &output)
    case .integer(let number): append(number, column: column, to: &output)
    case .real(let number): append(number, column: column, to: &output)
    case .text(let bytes):
      bytes.withUnsafeBytes { appendText($0, column: column, to: &output) }
    case .blob(let bytes):
      bytes.withUnsafeBytes { appendBlob($0, column: column, to: &output) }
    }
  }

  /// Appends a row: a value for each column.
  package func appendRow(_ values: [Value], to output: inout ByteBuffer) {
    precondition(values.count == columnCount, "a row of another width")
    for (column, value) in values.enumerated() { append(value, column: column, to: &output) }
    endRow(to: &output)
  }
}
