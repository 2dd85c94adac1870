internal import Wire

/// How rows are printed.
enum OutputFormat: String, CaseIterable {
  case json
  case csv
  case tsv
  /// Aligned columns, for people.
  case table

  /// What the worker is asked for.
  ///
  /// CSV for tables: it has a header, and NULL and text cannot be confused.
  var wire: Format {
    switch self {
    case .json: .json
    case .csv, .table: .csv
    case .tsv: .tsv
    }
  }
}
