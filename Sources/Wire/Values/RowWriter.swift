/// Writes rows of one result in one format, straight into the bytes of an answer.
///
/// For a result: `appendHeader` once, then for each row its values in the order of the columns and
/// `endRow`. What the formats do with each kind of value is said at `JSON`, `CSV` and `TSV`.
package struct RowWriter: Sendable {
  package let format: Format
  package let columnCount: Int

  /// What is written at once of a prefix, whether that is shorter or not.
  private typealias Block = SIMD16<UInt8>

  /// What stands before each value, one behind the other: `{"name":`, `,"x":`; then a block of zeros.
  private let prefixes: [UInt8]
  /// Where each prefix ends.
  private let prefixEnds: [Int]
  private let header: [UInt8]

  /// Prepares to write rows with these columns, in this order.
  ///
  /// In JSON, equal names are told apart: the second gets `:2` behind it, the third `:3`.
  ///
  /// - Parameter constant: a column in front of them that has the same text in every row; it costs
  ///   nothing, as it is part of what stands before the first value.
  package init(
    _ format: Format, columns: [String], after constant: (column: String, text: String)? = nil
  ) {
    self.format = format
    columnCount = columns.count
    var prefixes = ByteBuffer()
    var ends: [Int] = []
    let all = (columns.isEmpty ? [] : constant.map { [$0.column] } ?? []) + columns
    for (index, name) in (format == .json ? Self.unique(all) : all).enumerated() {
      Self.appendPrefix(format, name, isFirst: index == 0, to: &prefixes)
      if let constant, index == 0 {
        Self.append(constant.text, format, to: &prefixes)
      } else {
        ends.append(prefixes.count)
      }
    }
    for _ in 0..<MemoryLayout<Block>.size { prefixes.append(0) }
    self.prefixes = Array(prefixes)
    prefixEnds = ends
    header = format == .csv ? Self.csvHeader(all) : []
  }

  /// Bytes that it has of the names.
  package var size: Int { prefixes.count + header.count }

  /// Appends what stands before the first row, also when there is no row: the header of CSV.
  package func appendHeader(to output: inout ByteBuffer) {
    header.withUnsafeBytes { output.append(contentsOf: $0) }
  }

  package func appendNull(column: Int, to output: inout ByteBuffer) {
    appendPrefix(column, to: &output)
    switch format {
    case .json: JSON.appendNull(to: &output)
    case .csv: break
    case .tsv: TSV.appendNull(to: &output)
    }
  }

  package func append(_ number: Int64, column: Int, to output: inout ByteBuffer) {
    appendPrefix(column, to: &output)
    Numeral.append(number, to: &output)
  }

  package func append(_ number: Double, column: Int, to output: inout ByteBuffer) {
    appendPrefix(column, to: &output)
    switch format {
    case .json: JSON.append(number, to: &output)
    case .csv: CSV.append(number, to: &output)
    case .tsv: TSV.append(number, to: &output)
    }
  }

  /// Appends TEXT, whether it is UTF-8 or not.
  package func appendText(
    _ bytes: UnsafeRawBufferPointer, column: Int, to output: inout ByteBuffer
  ) {
    appendPrefix(column, to: &output)
    switch format {
    case .json: JSON.appendText(bytes, to: &output)
    case .csv: CSV.appendText(bytes, to: &output)
    case .tsv: TSV.appendText(bytes, to: &output)
    }
  }

  package func appendBlob(
    _ bytes: UnsafeRawBufferPointer, column: Int, to output: inout ByteBuffer
  ) {
    appendPrefix(column, to: &output)
    switch format {
    case .json: JSON.appendBlob(bytes, to: &output)
    case .csv: CSV.appendBlob(bytes, to: &output)
    case .tsv: TSV.appendBlob(bytes, to: &output)
    }
  }

  package func endRow(to output: inout ByteBuffer) {
    switch format {
    case .json: output.append("}\n")
    case .csv: output.append("\r\n")
    case .tsv: output.append("\n")
    }
  }

  private func appendPrefix(_ column: Int, to output: inout ByteBuffer) {
    let start = column == 0 ? 0 : prefixEnds[column - 1]
    let count = prefixEnds[column] - start
    prefixes.withUnsafeBytes { prefixes in
      output.append(atMost: count + MemoryLayout<Block>.size) { end in
        for offset in stride(from: 0, to: count, by: MemoryLayout<Block>.size) {
          let block = prefixes.loadUnaligned(fromByteOffset: start + offset, as: Block.self)
          UnsafeMutableRawPointer(end).storeBytes(of: block, toByteOffset: offset, as: Block.self)
        }
        return end + count
      }
    }
  }
}
