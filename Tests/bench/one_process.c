/* The same lookups without any server: SQLite in a loop, rows to standard output as JSON.
 *
 *   one_process FILE SQL ROWS FIRST COUNT
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

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: one_process FILE SQL ROWS FIRST COUNT\n");
    return 64;
  }
  sqlite3 *database;
  sqlite3_stmt *statement;
  if (sqlite3_open_v2(arguments[1], &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(database, arguments[2], -1, &statement, NULL) != SQLITE_OK)
    fail(arguments[1], sqlite3_errmsg(database), 200);
  long long rows = atoll(arguments[3]), first = atoll(arguments[4]), total = atoll(arguments[5]);
  for (long long n = first; n < first + total; n++) {
    sqlite3_bind_int64(statement, 1, id_at(n, rows));
    if (sqlite3_step(statement) != SQLITE_ROW) fail("step", sqlite3_errmsg(database), 200);
    printf("{\"id\":%lld,\"name\":", sqlite3_column_int64(statement, 0));
    print_text(sqlite3_column_text(statement, 1));
    printf(",\"score\":%.15g,\"note\":", sqlite3_column_double(statement, 2));
    print_text(sqlite3_column_text(statement, 3));
    puts("}");
    sqlite3_reset(statement);
  }
  return fflush(stdout) == 0 ? 0 : 74;
}
