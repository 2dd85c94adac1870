import ArgumentParser
import Client
import Wire

/// How rows are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
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

extension Show.Subject: ExpressibleByArgument {
  static let list = allCases.map(\.rawValue).joined(separator: ", ")
}

/// A time in seconds, with decimals.
struct Timeout: ExpressibleByArgument, CustomStringConvertible {
  static let `default` = Timeout(milliseconds: Settings().timeoutMilliseconds)

  let milliseconds: Int

  init?(argument: String) {
    guard let seconds = Double(argument), seconds > 0,
      seconds <= Double(ClientMessage.maxDeadlineMilliseconds / 1000)
    else { return nil }
    milliseconds = Int((seconds * 1000).rounded(.up))
  }

  private init(milliseconds: Int) {
    self.milliseconds = milliseconds
  }

  var description: String { "\(milliseconds / 1000)" }
}
