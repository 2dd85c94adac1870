import Client
import Wire

/// Rows in every format: values arrive, and any bytes are read as something.
enum RowsTarget {
  static func run(_ source: inout Source) throws(Finding) {
    switch source.below(6) {
    case 0: try tsv(&source)
    case 1: try csv(&source)
    case 2: try json(&source)
    case 3: try base64(&source)
    case 4: try sizes(&source)
    default: try anything(&source)
    }
  }

  private static func rendered(
    _ format: Format, _ columns: [String], _ values: [Value], _ source: Source
  ) -> [UInt8] {
    let writer = RowWriter(format, columns: columns)
    var output = ByteBuffer()
    writer.appendHeader(to: &output)
    writer.appendRow(values, to: &output)
    let bytes = Array(output)
    source.trace(bytes)
    return bytes
  }

  private static func tsv(_ source: inout Source) throws(Finding) {
    let values = (0...source.below(4)).map { _ in source.value() }
    let line = rendered(.tsv, values.indices.map(String.init), values, source).dropLast()
    let bytes = Array(line)
    let read = bytes.withUnsafeBytes { try? TSV.values($0) }
    guard let read, read.count == values.count else { throw Finding("not read", bytes) }
    for (value, other) in zip(values, read) where value != other {
      // Text that looks like a number is one.
      guard case .text(let text) = value, text.withUnsafeBytes({ Value(literal: $0) }) == other
      else { throw Finding("\(value) came back as \(other)", bytes) }
    }
  }

  private static func csv(_ source: inout Source) throws(Finding) {
    let values = (0...source.below(4)).map { _ in source.value() }
    let names = values.indices.map { "\($0)" + String(decoding: source.bytes(), as: UTF8.self) }
    let bytes = rendered(.csv, names, values, source)
    let rows = read(csv: bytes)
    try expect(rows.count == 2 && rows[1].count == values.count, "\(rows.count) rows", bytes)
    for (name, field) in zip(names, rows[0]) {
      try expect(field == .text(Array(name.utf8)), "a header came back as \(field)", bytes)
    }
    for (value, field) in zip(values, rows[1]) {
      switch value {
      case .null: try expect(field == .null, "NULL came back as \(field)", bytes)
      case .text(let text): try expect(field == .text(text), "text came back as \(field)", bytes)
      default: try expect(field != .null, "a value came back as NULL", bytes)
      }
    }
  }

  private static func read(csv bytes: [UInt8]) -> [[CSVReader.Field]] {
    bytes.withUnsafeBytes { bytes in
      var reader = CSVReader(bytes)
      var rows: [[CSVReader.Field]] = []
      while let row = reader.nextRow() { rows.append(row) }
      return rows
    }
  }

  /// A row is an object that also reads as named parameters.
  private static func json(_ source: inout Source) throws(Finding) {
    let values = (0...source.below(4)).map { _ in source.value() }
    let names = values.map { _ in source.pick(["x", "x:2", "y", "é", "", "a\"b\\"]) }
    let bytes = rendered(.json, names, values, source)
    guard case .named(let pairs)? = bytes.withUnsafeBytes({ try? Parameters(json: $0) }) else {
      throw Finding("a row is no object of values with names of their own", bytes)
    }
    try expect(pairs.map(\.value) == values, "values do not arrive", bytes)
  }

  /// What is said of a value's size before it is written is what it then is.
  private static func sizes(_ source: inout Source) throws(Finding) {
    let bytes = source.bytes()
    source.trace(bytes)
    for format in Format.allCases {
      let writer = RowWriter(format, columns: [""])
      var null = ByteBuffer()
      var text = ByteBuffer()
      var blob = ByteBuffer()
      writer.appendNull(column: 0, to: &null)
      let prefix = format == .json ? null.count - "null".utf8.count : 0
      bytes.withUnsafeBytes { bytes in
        writer.appendText(bytes, column: 0, to: &text)
        writer.appendBlob(bytes, column: 0, to: &blob)
      }
      let isRight = bytes.withUnsafeBytes { bytes in
        writer.fits(text: bytes, in: text.count - prefix)
          && !writer.fits(text: bytes, in: text.count - prefix - 1)
          && writer.fits(blob: bytes, in: blob.count - prefix)
          && !writer.fits(blob: bytes, in: blob.count - prefix - 1)
      }
      try expect(isRight, "another size in \(format)", bytes)
    }
  }

  private static func base64(_ source: inout Source) throws(Finding) {
    let data = source.bytes()
    let text = base64(data)
    try expect(Base64.decode(text) == data, "not the same again", data)
    let bytes = source.input(like: [text])
    source.trace(bytes)
    guard let decoded = Base64.decode(bytes) else { return }
    try expect(base64(decoded) == bytes, "two ways to write the same", bytes)
  }

  private static func base64(_ data: [UInt8]) -> [UInt8] {
    var text = ByteBuffer()
    data.withUnsafeBytes { Base64.append($0, to: &text) }
    return Array(text)
  }

  private static func anything(_ source: inout Source) throws(Finding) {
    let samples = [
      "a\t\\N\t\\x00ff\t1.5\t\\\\N", "a,\"b\"\"\n\",,1\r\n", "n,x\r\n1,2\r\n,\"\"\r\n",
    ]
    let bytes = source.input(like: samples.map { Array($0.utf8) })
    source.trace(bytes)
    let tabs = bytes.count { $0 == UInt8(ascii: "\t") }
    if let values = bytes.withUnsafeBytes({ try? TSV.values($0) }) {
      try expect(values.count == tabs + 1, "\(values.count) fields", bytes)
    }
    let rows = read(csv: bytes)
    try expect(rows.count <= bytes.count && rows.allSatisfy { !$0.isEmpty }, "empty rows", bytes)
    // A table's size is its widest column's times its rows.
    guard bytes.count <= 1000 else { return }
    var table: [UInt8] = []
    bytes.withUnsafeBytes { Table(csv: $0) }.append(to: &table) { _ in }
    try expect(bytes.isEmpty == table.isEmpty, "a table without content", bytes)
    let isClean = table.allSatisfy { $0 == UInt8(ascii: "\n") || $0 >= 0x20 && $0 != 0x7f }
    try expect(isClean, "a control character in a table", bytes)
  }
}
