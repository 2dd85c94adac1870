extension RowWriter {
  /// Names with a number behind each that came before: `x`, `x:2`, `x:3`, or the next number whose
  /// name is not another column's own.
  static func unique(_ names: [String]) -> [String] {
    // By bytes, as JSON's readers compare keys.
    var taken = Set(names.map { Array($0.utf8) })
    var counts: [[UInt8]: Int] = [:]
    return names.map { name in
      var count = counts[Array(name.utf8), default: 0] + 1
      var candidate = name
      while count > 1 {
        candidate = "\(name):\(count)"
        if taken.insert(Array(candidate.utf8)).inserted { break }
        count += 1
      }
      counts[Array(name.utf8)] = count
      return candidate
    }
  }

  static func appendPrefix(
    _ format: Format, _ name: String, isFirst: Bool, to prefixes: inout ByteBuffer
  ) {
    switch format {
    case .json:
      prefixes.append(isFirst ? "{" : ",")
      var name = name
      name.withUTF8 { JSON.appendString(UnsafeRawBufferPointer($0), to: &prefixes) }
      prefixes.append(":")
    case .csv: if !isFirst { prefixes.append(",") }
    case .tsv: if !isFirst { prefixes.append("\t") }
    }
  }

  static func append(_ text: String, _ format: Format, to output: inout ByteBuffer) {
    var text = text
    text.withUTF8 { text in
      let bytes = UnsafeRawBufferPointer(text)
      switch format {
      case .json: JSON.appendText(bytes, to: &output)
      case .csv: CSV.appendText(bytes, to: &output)
      case .tsv: TSV.appendText(bytes, to: &output)
      }
    }
  }

  static func csvHeader(_ names: [String]) -> [UInt8] {
    guard !names.isEmpty else { return [] }
    var header = ByteBuffer()
    for (index, name) in names.enumerated() {
      if index > 0 { header.append(",") }
      var name = name
      name.withUTF8 { CSV.appendText(UnsafeRawBufferPointer($0), to: &header) }
    }
    header.append("\r\n")
    return Array(header)
  }
}
