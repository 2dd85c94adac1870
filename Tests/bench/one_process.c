/* The same lookups without any server: SQLite in a loop, rows to standard output as JSON.
 *
 *     one_process FILE SQL ROWS FIRST COUNT
 *     one_process DIRECTORY/NAME SQL ROWS FIRST COUNT DATABASES
 *
 * The second one asks one of the databases NAME0000.db, NAME0001.db, … after the other, at random, with a
 * connection to each, and prints to standard error how many lookups it did in a second: of COUNT, behind as
 * many with which it begins.
 */
#include <sqlite3.h>

#include "load.h"

static void print_text(const unsigned char *text) {
  putchar_unlocked('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') putchar_unlocked('\\');
    if (*text < 0x20) printf("\\u%04x", *text);
    else putchar_unlocked(*text);
  }
  putchar_unlocked('"');
}

static sqlite3_stmt *prepare(const char *file, const char *sql) {
  sqlite3 *database;
  sqlite3_stmt *statement;
  if (sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
    fail(file, sqlite3_errmsg(database), 200);
  return statement;
}

static void look_up(sqlite3_stmt *statement, long long id) {
  sqlite3_bind_int64(statement, 1, id);
  if (sqlite3_step(statement) != SQLITE_ROW)
    fail("step", sqlite3_errmsg(sqlite3_db_handle(statement)), 200);
  printf("{\"id\":%lld,\"name\":", sqlite3_column_int64(statement, 0));
  print_text(sqlite3_column_text(statement, 1));
  printf(",\"score\":%.15g,\"note\":", sqlite3_column_double(statement, 2));
  print_text(sqlite3_column_text(statement, 3));
  puts("}");
  sqlite3_reset(statement);
}

int main(int count, char **arguments) {
  if (count != 6 && count != 7) {
    fprintf(stderr, "usage: one_process FILE SQL ROWS FIRST COUNT [DATABASES]\n");
    return 64;
  }
  const char *name = arguments[1], *sql = arguments[2];
  long long rows = atoll(arguments[3]), first = atoll(arguments[4]), total = atoll(arguments[5]);
  if (count == 6) {
    sqlite3_stmt *statement = prepare(name, sql);
    for (long long n = first; n < first + total; n++) look_up(statement, id_at(n, rows));
  } else {
    int databases = atoi(arguments[6]);
    sqlite3_stmt **statements = calloc((size_t)databases, sizeof *statements);
    for (int number = 0; number < databases; number++) {
      char file[4096];
      snprintf(file, sizeof file, "%.4000s%04d.db", name, number);
      statements[number] = prepare(file, sql);
    }
    double start = 0;
    for (long long n = first; n < first + 2 * total; n++) {
      if (n == first + total) start = seconds();
      look_up(statements[database_at(n, databases)], id_at(n, rows));
    }
    fprintf(stderr, "%.0f\n", (double)total / (seconds() - start));
  }
  return fflush(stdout) == 0 ? 0 : 74;
}
