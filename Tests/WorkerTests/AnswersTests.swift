import Testing
import Wire
import ZeroMQ

@testable import Worker

@Suite struct AnswersTests {
  private func result(_ job: UInt64) -> AttemptResult {
    AttemptResult(
      attempt: Attempt(job: job, number: 1), outcome: .rows(1), runMicroseconds: 5)
  }

  private func texts(_ parts: [Part]) -> [String] {
    parts.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
  }

  @Test func eachAnswerIsALineAndItsRows() {
    var answers = Answers()
    var rows = ByteBuffer()
    for job in 1...3 as ClosedRange<UInt64> {
      answers.takeLast(rows.bytes)
      rows.removeAll()
      Array("rows of \(job)".utf8).withUnsafeBytes { rows.append(contentsOf: $0) }
      answers.append(result(job))
    }
    let sent = texts(answers.parts(last: rows.bytes))
    let lines = (1...3).map { result($0).line.description }
    #expect(sent == [lines[0], "rows of 1", lines[1], "rows of 2", lines[2], "rows of 3"])
  }

  @Test func whatWasSentIsForgotten() {
    var answers = Answers()
    answers.takeLast(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(answers.parts(last: nil).isEmpty)
    answers.append(result(1))
    #expect(answers.parts(last: nil).count == 1)
    answers.removeAll(keeping: 0)
    #expect(answers.parts(last: nil).isEmpty && answers.size == 0)
  }
}
