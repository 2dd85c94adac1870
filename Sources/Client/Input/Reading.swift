private import Toolkit
private import Wire

/// What the input consists of, and what is to be done with each record.
package enum Reading: Sendable {
  /// SQL statements, each a request like this one, which has none.
  case statements(Request)
  /// Lines of values to bind to the statement of this request.
  case values(Request)

  package func makeSplitter() -> any Splitter {
    switch self {
    case .statements: StatementSplitter()
    case .values: LineSplitter()
    }
  }

  /// What a record comes to.
  package func work(_ record: Record) -> Work {
    switch (record.content, self) {
    case (.unusable(let why), _):
      return .failure(ToolError(record.place.description, why, .badQuery))
    case (.text(let sql), .statements(let request)):
      return .request(Request(like: request, sql: sql, place: record.place))
    case (.text(let line), .values(let request)):
      do throws(TSVError) {
        let parameters = try Self.parameters(line)
        return .request(
          Request(
            like: request, sql: request.sql, parameters: parameters, place: record.place))
      } catch {
        return .failure(ToolError(record.place.description, error.description, .badQuery))
      }
    }
  }

  /// The parameters of a line of fields between tabs, as a frame.
  ///
  /// An empty line is one empty text, as it is where rows are printed in this format.
  private static func parameters(_ line: [UInt8]) throws(TSVError) -> [UInt8] {
    let frame = line.withUnsafeBytes { bytes in
      Result { () throws(TSVError) in try TSV.parameters(bytes) }
    }
    return try frame.get()
  }
}
