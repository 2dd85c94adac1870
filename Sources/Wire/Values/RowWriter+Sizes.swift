extension RowWriter {
  /// Whether TEXT has room in so many bytes, as it is written: so that nothing is written that is
  /// larger than an answer may be.
  package func fits(text bytes: UnsafeRawBufferPointer, in room: Int) -> Bool {
    // No byte becomes more than six, and less than 64 stand around them.
    if bytes.count * 6 + 64 <= room { return true }
    return bytes.count <= room && size(ofText: bytes) <= room
  }

  /// Likewise for a BLOB.
  package func fits(blob bytes: UnsafeRawBufferPointer, in room: Int) -> Bool {
    size(ofBlob: bytes) <= room
  }

  /// How many bytes TEXT becomes.
  func size(ofText bytes: UnsafeRawBufferPointer) -> Int {
    switch format {
    case .json: JSON.size(ofText: bytes)
    case .csv: CSV.size(ofText: bytes)
    case .tsv: TSV.size(ofText: bytes)
    }
  }

  /// How many bytes a BLOB becomes.
  func size(ofBlob bytes: UnsafeRawBufferPointer) -> Int {
    switch format {
    case .json: JSON.size(ofBlob: bytes)
    case .csv: max(2, bytes.count * 2)
    case .tsv: 2 + bytes.count * 2
    }
  }
}
