import TestSupport
import Testing

@testable import Router

@Suite struct StatementShapeTests {
  private func shape(_ sql: String) -> UInt64 {
    Array(sql.utf8).withUnsafeBytes(StatementShape.hash)
  }

  @Test(arguments: [
    ("select * from t where id = 1", "select * from t where id = 2345"),
    ("select 1.5", "select 0"), ("select 1.5e-7", "select 2E+12"), ("select 0x1f", "select 1_000"),
    ("select -1", "select -2"), ("select(1)", "select(2)"), ("select 1+2", "select 3+4"),
    ("select 'a'", "select 'b--c'"), ("select 'it''s'", "select ''"), ("select ''''", "select ';'"),
    ("select x'00'", "select x'ff01'"), ("select 'a' || \"b\"", "select '\"' || \"b\""),
    ("select t1.a from t1 limit 3", "select t1.a from t1 limit 4"),
    ("select 1 -- one\n, a", "select 1 -- it's\n, a"), ("select 1 /* 'a' */", "select 1 /***/"),
    ("select a /*/ b */ from t", "select a /* c */ from t"), ("select 1 --", "select 2 -- a"),
    ("select 1 /*", "select 2 /* never *"), ("select 'never", "select '"),
  ])
  func literalsAndCommentsDoNotCount(one: String, other: String) {
    #expect(shape(one) == shape(other))
  }

  @Test(arguments: [
    ("select a", "select b"), ("select a1", "select a2"), ("select ?1", "select ?2"),
    ("select :a1", "select :a2"), ("select @1", "select @2"), ("select $1", "select $2"),
    ("select \"a\"", "select \"b\""), ("select \"1\"", "select \"2\""),
    ("select `1`", "select `2`"),
    ("select [1]", "select [2]"), ("select \"a\"\"1\"", "select \"a\"\"2\""),
    ("select 'a', b", "select 'a', c"), ("select 'a'", "select 'a' 'b'"),
    ("select 1", "select 1, 1"),
    ("select é1", "select é2"), ("select a - 1", "select a + 1"), ("select a / b", "select a * b"),
    ("select 1", "select -1"), ("select 1e3-a", "select 1e3-b"), ("", "0"),
    ("select '-- ', a", "select '-- ', b"), ("select /* */ a", "select /* */ b"),
    ("select 1 -- \n, a", "select 1 -- \n, b"), ("select [ ' ], a", "select [ ' ], b"),
  ])
  func allElseDoes(one: String, other: String) {
    #expect(shape(one) != shape(other))
  }

  @Test func theShapeOfTheStatementBeforeIsKept() {
    var latest = StatementShape.Latest()
    let long = String(repeating: "a", count: 5000)
    for sql in ["a", "a", "b", "", "", "a", long, "a", long + "b", long + "b", long, "ab", "a"] {
      #expect(Array(sql.utf8).withUnsafeBytes { latest.hash($0) } == shape(sql))
    }
  }

  @Test func anyBytesHaveAShape() {
    var random = SeededRandom(seed: 1)
    let alphabet = Array("'\"`[]-/*?:09aE.+\n \u{0}é")
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...12, using: &random)
      let sql = String((0..<count).map { _ in alphabet.randomElement(using: &random) ?? " " })
      _ = shape(sql)
      #expect(shape("a '\(sql.filter { $0 != "'" })' b") == shape("a '' b"))
      #expect(shape("a --\(sql.filter { $0 != "\n" })\nb") == shape("a --\nb"))
      #expect(
        shape("a \"\(sql.filter { $0 != "\"" })\" 1")
          == shape("a \"\(sql.filter { $0 != "\"" })\" 2"))
    }
  }
}
