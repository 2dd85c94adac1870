/* SQL functions that do what a bad extension does. Only for the tests, which compile it:
 *
 *     cc -shared -fPIC -o poison.so poison.c
 *
 *     poison_good(x)      returns x
 *     poison_crash(x)     writes to address 0
 *     poison_abort(x)     aborts
 *     poison_exit(x)      ends the process with status x
 *     poison_loop(x)      computes for ever and never returns to SQLite
 *     poison_sleep(ms)    sleeps so long and cannot be interrupted; returns ms
 *     poison_eat(mib)     allocates so much with SQLite's allocator, and touches it; returns mib
 *     poison_malloc(mib)  allocates so much with malloc, and touches it; returns mib
 *
 * What the last two have allocated is freed when they return; without memory they fail as SQLite
 * does.
 */
#include <errno.h>
#include <sqlite3ext.h>
#include <stdlib.h>
#include <time.h>
SQLITE_EXTENSION_INIT1

typedef sqlite3_context Context;
typedef sqlite3_value Value;

static void good(Context *context, int count, Value **values) {
  (void)count;
  sqlite3_result_value(context, values[0]);
}

static void crash(Context *context, int count, Value **values) {
  (void)context, (void)count;
  *(volatile int *)0 = sqlite3_value_int(values[0]);
}

static void abort_now(Context *context, int count, Value **values) {
  (void)context, (void)count, (void)values;
  abort();
}

static void exit_now(Context *context, int count, Value **values) {
  (void)context, (void)count;
  _Exit(sqlite3_value_int(values[0]));
}

static void loop(Context *context, int count, Value **values) {
  (void)context, (void)count;
  volatile sqlite3_int64 number = sqlite3_value_int64(values[0]);
  for (;;) number = number * 3 + 1;
}

static void sleep_on(Context *context, int count, Value **values) {
  (void)count;
  sqlite3_int64 ms = sqlite3_value_int64(values[0]);
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
  sqlite3_result_int64(context, ms);
}

/* Touches every page, in a way that the compiler cannot leave out. */
static void touch(volatile char *bytes, size_t size) {
  for (size_t index = 0; index < size; index += 4096) bytes[index] = 1;
}

static void eat(Context *context, int count, Value **values) {
  (void)count;
  sqlite3_uint64 size = (sqlite3_uint64)sqlite3_value_int64(values[0]) << 20;
  char *bytes = sqlite3_malloc64(size);
  if (bytes == NULL) {
    sqlite3_result_error_nomem(context);
    return;
  }
  touch(bytes, size);
  sqlite3_free(bytes);
  sqlite3_result_value(context, values[0]);
}

static void eat_malloc(Context *context, int count, Value **values) {
  (void)count;
  size_t size = (size_t)sqlite3_value_int64(values[0]) << 20;
  char *bytes = malloc(size);
  if (bytes == NULL) {
    sqlite3_result_error_nomem(context);
    return;
  }
  touch(bytes, size);
  free(bytes);
  sqlite3_result_value(context, values[0]);
}

int sqlite3_poison_init(sqlite3 *database, char **message, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    void (*function)(Context *, int, Value **);
  } functions[] = {
      {"poison_good", good},       {"poison_crash", crash},    {"poison_abort", abort_now},
      {"poison_exit", exit_now},   {"poison_loop", loop},      {"poison_sleep", sleep_on},
      {"poison_eat", eat},         {"poison_malloc", eat_malloc},
  };
  (void)message;
  SQLITE_EXTENSION_INIT2(api);
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    int code = sqlite3_create_function_v2(database, functions[index].name, 1, SQLITE_UTF8, NULL,
                                          functions[index].function, NULL, NULL, NULL);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
