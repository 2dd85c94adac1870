private import Wire

/// Rows laid out for people: a header, a rule, and columns that are aligned.
///
///     code  name
///     ----  ------
///     4326  WGS 84
///
/// NULL is `NULL`; a column in which all else is numbers is flush right.
package struct Table {
  private struct Column {
    var width = 0
    var hasNumbers = false
    var hasOthers = false
    var isFlushRight: Bool { hasNumbers && !hasOthers }

    mutating func show(_ field: CSVReader.Field) -> DisplayText {
      guard case .text(let bytes) = field else { return Table.null }
      switch bytes.withUnsafeBytes({ Value(literal: $0) }) {
      case .integer, .real: hasNumbers = true
      default: hasOthers = true
      }
      return DisplayText(bytes)
    }
  }

  private static let null = DisplayText(Array("NULL".utf8))

  private var columns: [Column] = []
  private var rows: [[DisplayText]] = []

  /// Reads CSV with a header line; there is nothing to show without one.
  package init(csv: UnsafeRawBufferPointer) {
    var reader = CSVReader(csv)
    while let row = reader.nextRow() { append(row) }
  }

  private mutating func append(_ row: [CSVReader.Field]) {
    let isHeader = rows.isEmpty
    while columns.count < row.count { columns.append(Column()) }
    rows.append(
      row.indices.map { index in
        let text = isHeader ? Self.header(row[index]) : columns[index].show(row[index])
        columns[index].width = max(columns[index].width, text.width)
        return text
      })
  }

  private static func header(_ field: CSVReader.Field) -> DisplayText {
    switch field {
    case .null: DisplayText([])
    case .text(let bytes): DisplayText(bytes)
    }
  }

  /// Appends the table, a line for each row. After each the output may be taken away: a single wide
  /// field widens all rows, and then they take far more memory than their data.
  package func append<Failure>(
    to output: inout [UInt8], afterLine: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    for (index, row) in rows.enumerated() {
      appendLine(row, to: &output)
      try afterLine(&output)
      guard index == 0 else { continue }
      let rule = columns.map { DisplayText(Array(repeating: UInt8(ascii: "-"), count: $0.width)) }
      appendLine(rule, to: &output)
      try afterLine(&output)
    }
  }

  private func appendLine(_ row: [DisplayText], to output: inout [UInt8]) {
    for (index, text) in row.enumerated() {
      let padding = columns[index].width - text.width
      if index > 0 { appendSpace(2, to: &output) }
      if columns[index].isFlushRight { appendSpace(padding, to: &output) }
      output.append(contentsOf: text.bytes)
      // No space at the end of a line.
      if !columns[index].isFlushRight && index + 1 < row.count { appendSpace(padding, to: &output) }
    }
    output.append(UInt8(ascii: "\n"))
  }

  private func appendSpace(_ count: Int, to output: inout [UInt8]) {
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count))
  }
}
