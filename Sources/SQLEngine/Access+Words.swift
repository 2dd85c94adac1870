internal import SQLite

extension Access.Kind {
  /// What changes a database, as opposed to what leaves it or has to do with transactions.
  var isWrite: Bool {
    switch self {
    case .attach, .detach, .transaction, .savepoint: false
    default: true
    }
  }

  /// The action as SQL calls it.
  var verb: String {
    Self.verbs[self] ?? "this"
  }

  private static let verbs: [Access.Kind: String] = [
    .alterTable: "ALTER TABLE", .analyze: "ANALYZE", .attach: "ATTACH", .detach: "DETACH",
    .createIndex: "CREATE INDEX", .createTempIndex: "CREATE INDEX",
    .createTable: "CREATE TABLE", .createTempTable: "CREATE TABLE",
    .createTrigger: "CREATE TRIGGER", .createTempTrigger: "CREATE TRIGGER",
    .createView: "CREATE VIEW", .createTempView: "CREATE VIEW",
    .createVirtualTable: "CREATE VIRTUAL TABLE", .dropVirtualTable: "DROP TABLE",
    .dropIndex: "DROP INDEX", .dropTempIndex: "DROP INDEX",
    .dropTable: "DROP TABLE", .dropTempTable: "DROP TABLE",
    .dropTrigger: "DROP TRIGGER", .dropTempTrigger: "DROP TRIGGER",
    .dropView: "DROP VIEW", .dropTempView: "DROP VIEW",
    .insert: "INSERT", .update: "UPDATE", .delete: "DELETE",
    .reindex: "REINDEX", .savepoint: "SAVEPOINT",
  ]
}
