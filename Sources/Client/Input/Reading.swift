private import Toolkit
package import Wire

/// What the input consists of, and what is to be done with each record.
package enum Reading: Sendable {
  /// SQL statements, each a request.
  case statements
  /// Lines of values to bind to this statement.
  case values(sql: [UInt8])

  package func makeSplitter() -> any Splitter {
    switch self {
    case .statements: StatementSplitter()
    case .values: LineSplitter()
    }
  }

  /// The request that a record comes to: the query, which has no id and no deadline yet, with the
  /// record's statement or values.
  package func work(_ record: Record, _ query: Query) -> Work {
    switch (record.content, self) {
    case (.unusable(let why), _):
      return .failure(ToolError(record.place.description, why, .badQuery))
    case (.text(let sql), .statements):
      return .request(Request(.query(query), sql: sql, place: record.place))
    case (.text(let line), .values(let sql)):
      do throws(TSVError) {
        let parameters = try Self.parameters(line)
        return .request(
          Request(.query(query), sql: sql, parameters: parameters, place: record.place))
      } catch {
        return .failure(ToolError(record.place.description, error.description, .badQuery))
      }
    }
  }

  /// The parameters of a line of fields between tabs, as a frame.
  ///
  /// An empty line is one empty text, as it is where rows are printed in this format.
  private static func parameters(_ line: [UInt8]) throws(TSVError) -> [UInt8] {
    let values = line.withUnsafeBytes { bytes in
      Result { () throws(TSVError) in try TSV.values(bytes) }
    }
    return Parameters.positional(try values.get()).json()
  }
}
