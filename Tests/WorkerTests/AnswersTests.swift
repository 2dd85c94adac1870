import Testing
import Wire
import ZeroMQ

@testable import Worker

@Suite struct AnswersTests {
  private func texts(_ parts: [Part]) -> [String] {
    parts.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
  }

  @Test func eachAnswerIsALineAndItsRowsOfWhichTheLastHaveAFrame() {
    var answers = Answers()
    var rows = ByteBuffer()
    for job in 1...3 {
      answers.takeLast(rows.bytes)
      rows.removeAll()
      Array("rows of \(job)".utf8).withUnsafeBytes { rows.append(contentsOf: $0) }
      answers.append(Line("OK").with("job", job))
    }
    #expect(
      texts(answers.parts(last: rows.bytes)) == [
        "8:OK job=1,9:rows of 1,8:OK job=2,9:rows of 2,8:OK job=3,", "rows of 3",
      ])
    answers.takeLast(rows.bytes)
    #expect(
      texts(answers.parts(last: nil)) == [
        "8:OK job=1,9:rows of 1,8:OK job=2,9:rows of 2,8:OK job=3,9:rows of 3,"
      ])
  }

  @Test func whatWasSentIsForgotten() {
    var answers = Answers()
    answers.takeLast(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(answers.parts(last: nil).isEmpty)
    answers.append(Line("OK"))
    answers.removeAll(keeping: 0)
    answers.takeLast(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(answers.parts(last: nil).isEmpty && answers.size == 0)
  }
}
