package import Toolkit
package import Wire

extension ErrorCode {
  /// What a tool ends with when this was the answer.
  package var exitStatus: ExitStatus {
    switch self {
    case .sql, .badRequest, .tooLarge: .badQuery
    case .noSuchDatabase: .notFound
    case .crashed, .quarantined, .aborted: .crashed
    case .busy, .draining, .deadline, .cancelled: .tryAgain
    case .denied: .denied
    }
  }

  /// Whether the same request, sent again a little later, may fare better.
  var isRetriable: Bool {
    switch self {
    case .busy, .draining: true
    default: false
    }
  }
}
