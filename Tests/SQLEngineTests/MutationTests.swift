import Testing
import Wire

@testable import SQLEngine

/// Whatever is sent, there is an answer, and the database stays as it is.
@Suite struct MutationTests {
  @Test func statementsAtRandom() throws {
    let fixture = Fixture()
    try fixture.database(
      "a.db", "create table t(id integer primary key, x); insert into t values(1,'one'),(2,'two')")
    var engine = try fixture.engine()
    let seeds = [
      "select id, x from t where id = ?1 order by x limit 2 -- end",
      "delete from t where id in (select :a from json_each('[1,2]'));",
      "pragma table_info(t) /* x */", "with r(i) as (values(1)) insert into t select * from r",
      "explain query plan select count(*) filter (where x glob 'o*') over () from t",
      "attach 'b.db' as b", "update t set x = 'y' returning id",
      "select '\u{e9}' || x'00ff' from t",
    ].map { Array($0.utf8) }
    let parameters = ["", "[1]", "{\"a\":1}"].map { Array($0.utf8) }
    var state: UInt64 = 11
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<10_000 {
      var sql = seeds[random(seeds.count)]
      for _ in 0..<random(4) {
        let at = random(sql.count)
        switch random(4) {
        case 0: sql[at] = UInt8(random(256))
        case 1: sql.removeSubrange(at..<min(sql.count, at + 1 + random(4)))
        case 2: sql.insert(contentsOf: seeds[random(seeds.count)].prefix(random(12)), at: at)
        default: sql.insert(sql[random(sql.count)], at: at)
        }
        if sql.isEmpty { sql = [0x3b] }
      }
      _ = engine.ask(
        "a", sql, parameters[random(3)], format: Format.allCases[random(3)], milliseconds: 200)
    }
    #expect(engine.ask("a", "select id, x from t") == "1\tone\n2\ttwo\n")
    #expect(engine.databases.count == 1)
  }
}
