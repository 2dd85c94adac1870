import Wire

extension World {
  /// How a run will go.
  mutating func course(of request: Ledger.Request, _ job: Job) -> Course {
    var course = wholeCourse(of: request, job)
    // What nobody waits for ends by its deadline at the latest, which shall not be minutes away.
    if case .never = course.end, job.deadlineMilliseconds > 10_000 {
      course.end = .outcome(.rows(1))
      course.microseconds = number(100_000...2_000_000)
    }
    switch course.end {
    case .outcome(.rows), .outcome(.failure), .death, .never:
      guard job.chunkBytes != nil, course.isInterruptible, chance(60) else { break }
      course.chunks = Int(number(1...(chance(5) ? 40 : 6)))
    case .outcome(.unchanged): break
    }
    return course
  }

  private mutating func wholeCourse(of request: Ledger.Request, _ job: Job) -> Course {
    let database = request.database ?? Database.unknown
    if let version = job.ifVersion, version == "\(databases[database].version)" {
      return Course(end: .outcome(.unchanged), microseconds: 20, isInterruptible: true)
    }
    if chance(scenario.bad, of: 1000) && !isSettling {
      return Course(end: .death, microseconds: number(10...20_000), isInterruptible: true)
    }
    let rows = Course.End.outcome(.rows(1))
    let quick = Course(end: rows, microseconds: number(10...400), isInterruptible: true)
    let deaf = Course(
      end: rows, microseconds: number(100_000...1_500_000), isInterruptible: false)
    let slow = Course(end: rows, microseconds: number(20_000...200_000), isInterruptible: true)
    let text = scenario.texts[request.sent.text]
    switch text.nature {
    case .quick: return quick
    case .brisk: return Course(end: rows, microseconds: number(500...5000), isInterruptible: true)
    case .slow: return slow
    case .moody: return chance(85) ? quick : chance(70) ? slow : deaf
    case .uneven: return database == text.database ? quick : slow
    case .wrong:
      let codes: [ErrorCode] = [.sql, .tooLarge, .denied, .badRequest]
      return Course(
        end: .outcome(.failure(Failure(codes[pick(codes.count)], "wrong"))), microseconds: 100,
        isInterruptible: true)
    case .poison:
      return Course(end: .death, microseconds: number(100...20_000), isInterruptible: true)
    case .touchy where request.sent.parameters > 0:
      return Course(end: .death, microseconds: number(100...5000), isInterruptible: true)
    case .touchy: return quick
    case .endless: return Course(end: .never, microseconds: 0, isInterruptible: true)
    case .stubborn: return Course(end: .never, microseconds: 0, isInterruptible: false)
    case .deaf: return deaf
    }
  }
}
