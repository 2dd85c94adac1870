import Testing
import Wire

@testable import SQLEngine

@Suite struct PolicyTests {
  private let fixture = Fixture()
  private var engine: SQLEngine

  init() throws {
    try fixture.database(
      "a.db",
      """
      create table t(id integer primary key, parent references t, name text);
      insert into t values(1, NULL, 'one'), (2, 1, 'two');
      create index i on t(name);
      create view v as select name, row_number() over (order by id) as n from t;
      create virtual table f5 using fts5(body);
      insert into f5 values('the quick brown fox'), ('lazy dogs');
      create virtual table f4 using fts4(body);
      insert into f4 values('the quick brown fox'), ('lazy dogs');
      create virtual table r using rtree(id, x0, x1);
      insert into r values(1, 0, 10), (2, 5, 15);
      create virtual table vocab using fts5vocab(f5, row);
      """)
    engine = try fixture.engine()
  }

  @Test(arguments: [
    ("insert into t values(3,1,'x')", "INSERT on t: the database is read only"),
    ("update t set name=1", "UPDATE on t: the database is read only"),
    ("delete from t", "DELETE on t: the database is read only"),
    ("replace into t values(1,1,1)", "INSERT on t: the database is read only"),
    ("insert into t select id, 1, 1 from r", "INSERT on t: the database is read only"),
    ("insert into r values(3,1,2)", "INSERT on r: the database is read only"),
    ("insert into f5(f5) values('optimize')", "INSERT on f5: the database is read only"),
    ("explain delete from t", "DELETE on t: the database is read only"),
    ("create table x(a)", "CREATE TABLE on x: the database is read only"),
    ("create table x as select 1", "CREATE TABLE on x: the database is read only"),
    ("create temp table x(a)", "CREATE TABLE on x: the database is read only"),
    ("create index j on t(id)", "CREATE INDEX on j: the database is read only"),
    ("create temp view w as select 1", "CREATE VIEW on w: the database is read only"),
    (
      "create virtual table x using fts5(a)", "CREATE VIRTUAL TABLE on x: the database is read only"
    ),
    (
      "create trigger g after insert on t begin select 1; end",
      "CREATE TRIGGER on g: the database is read only"
    ),
    ("drop table t", "DROP TABLE on t: the database is read only"),
    ("drop table r", "DROP TABLE on r: the database is read only"),
    ("drop index i", "DROP INDEX on i: the database is read only"),
    ("drop view v", "DROP VIEW on v: the database is read only"),
    ("alter table t rename to u", "ALTER TABLE on t: the database is read only"),
    ("alter table t add column z", "ALTER TABLE on t: the database is read only"),
    ("reindex t", "REINDEX on i: the database is read only"),
    ("analyze t", "ANALYZE on t: the database is read only"),
    ("vacuum", "the statement writes, and the database is read only"),
    ("vacuum into '/tmp/x'", "the statement writes, and the database is read only"),
    ("attach 'x' as y", "ATTACH is not allowed"),
    ("attach ':memory:' as y", "ATTACH is not allowed"),
    ("detach main", "DETACH is not allowed"), ("begin", "BEGIN is not allowed"),
    ("commit", "COMMIT is not allowed"), ("rollback", "ROLLBACK is not allowed"),
    ("savepoint s", "SAVEPOINT is not allowed"), ("release s", "SAVEPOINT is not allowed"),
    ("select load_extension('x')", "load_extension() is not allowed"),
    ("select fts3_tokenizer('simple')", "fts3_tokenizer() is not allowed"),
    ("select sql from sqlite_stmt", "sqlite_stmt is not allowed"),
    ("select count(*) from sqlite_stmt", "sqlite_stmt is not allowed"),
    ("pragma journal_mode=wal", "PRAGMA journal_mode=wal is not allowed"),
    ("PRAGMA Journal_Mode(wal)", "PRAGMA journal_mode=wal is not allowed"),
    ("pragma query_only=0", "PRAGMA query_only=0 is not allowed"),
    ("pragma query_only", "PRAGMA query_only is not allowed"),
    ("pragma user_version=5", "PRAGMA user_version=5 is not allowed"),
    ("pragma writable_schema=1", "PRAGMA writable_schema=1 is not allowed"),
    ("pragma temp_store_directory='/'", "PRAGMA temp_store_directory=/ is not allowed"),
    ("pragma database_list", "PRAGMA database_list is not allowed"),
    ("select * from pragma_database_list", "PRAGMA database_list is not allowed"),
    ("pragma wal_checkpoint", "PRAGMA wal_checkpoint is not allowed"),
    ("pragma optimize", "PRAGMA optimize is not allowed"),
    ("pragma nonsense", "PRAGMA nonsense is not allowed"),
  ])
  mutating func denies(sql: String, why: String) {
    #expect(engine.ask("a", sql) == Answer(stringLiteral: "denied: " + why))
    #expect(engine.ask("a", sql) == Answer(stringLiteral: "denied: " + why))
  }

  @Test(arguments: [
    ("select name from v where n=2", "two\n"),
    ("select body from f5 where f5 match 'quick'", "the quick brown fox\n"),
    ("select highlight(f5,0,'[',']') from f5 where f5 match 'lazy' order by rank", "[lazy] dogs\n"),
    ("select body from f4 where f4 match 'quick'", "the quick brown fox\n"),
    ("select snippet(f4,'[',']') from f4 where f4 match 'brown'", "the quick [brown] fox\n"),
    ("select id from r where x0>=4", "2\n"), ("select term from vocab where term='lazy'", "lazy\n"),
    (
      "pragma table_info(t)",
      "0\tid\tINTEGER\t0\t\\N\t1\n1\tparent\t\t0\t\\N\t0\n2\tname\tTEXT\t0\t\\N\t0\n"
    ),
    ("select name from pragma_table_xinfo('t') limit 1", "id\n"),
    ("select count(*)>5 from pragma_table_list", "1\n"), ("pragma integrity_check", "ok\n"),
    ("pragma quick_check(t)", "ok\n"), ("pragma main.user_version", "0\n"),
    ("pragma encoding", "UTF-8\n"),
    ("pragma journal_mode", "delete\n"), ("pragma index_list(t)", "0\ti\t0\tc\t0\n"),
    ("pragma foreign_key_check", ""), ("pragma page_size", "4096\n"),
    ("select journal_mode from pragma_journal_mode", "delete\n"),
    ("select count(*)>0 from pragma_function_list", "1\n"),
    ("select value from json_each('[1,2]')", "1\n2\n"),
    ("select json_extract('{\"a\":5}','$.a')", "5\n"),
    (
      "with recursive r(i) as (values(1) union all select i+1 from r where i<3) select * from r",
      "1\n2\n3\n"
    ),
    ("select sum(id) over (order by id) from t", "1\n3\n"), ("values(1),(2)", "1\n2\n"),
    ("select count(*)>0 from dbstat", "1\n"),
    ("select sql like 'create%' from sqlite_schema limit 1", "1\n"),
    ("select count(*) from sqlite_temp_schema", "0\n"),
  ])
  mutating func allows(sql: String, rows: String) {
    #expect(engine.ask("a", sql) == Answer(stringLiteral: rows))
  }

  @Test mutating func explains() {
    guard case .rows(let count) = engine.ask("a", "explain select * from t").outcome else {
      return #expect(Bool(false))
    }
    #expect(count > 3)
    #expect(
      engine.ask("a", "explain query plan select * from t where id=1").text.contains("SEARCH t"))
  }
}
