package import Wire
private import ZeroMQ

/// Counts the rows that are printed, also those of a result that is still coming.
package struct RowCount: Sendable {
  private let format: Format
  /// Of the results that have ended.
  private var ended = 0
  /// Of the one that has not, as far as its chunks have come; nil before the first one.
  private var underWay: Int?

  package init(_ format: Format) {
    self.format = format
  }

  package var rows: Int { ended &+ (underWay ?? 0) }

  /// Something is done with a result.
  package mutating func take(_ effect: Session.Effect) {
    switch effect {
    case .printChunk(let chunk):
      let ends = chunk.withBytes { rowEnds(in: $0) }
      // CSV begins with a header.
      underWay = underWay.map { $0 + ends } ?? (format == .csv ? max(0, ends - 1) : ends)
    case .print(let answer):
      underWay = nil
      // Whatever the router says.
      if case .rows(let count) = answer.outcome { ended &+= max(0, count) }
    case .report:
      ended = rows
      underWay = nil
    case .send, .credit, .cancel, .complain, .connect, .giveUpConnecting: break
    }
  }

  /// A chunk ends with a row. A line that ends within quotes is no row of CSV; elsewhere there are none.
  private func rowEnds(in bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var isQuoted = false
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if !isQuoted { count += 1 }
      } else if byte == UInt8(ascii: "\""), format == .csv {
        isQuoted.toggle()
      }
    }
    return count
  }
}
