#include <malloc.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

// Swift does not see macros that are computed.
enum { CSQLITE_READONLY_ROLLBACK = SQLITE_READONLY_ROLLBACK };

// Swift cannot call functions with variable arguments.
static inline int csqlite_set_flag(sqlite3 *connection, int option, int value) {
  return sqlite3_db_config(connection, option, value, (int *)0);
}

// Has SQLite allocate by these, and count nothing itself.
static inline int csqlite_set_allocator(const sqlite3_mem_methods *methods) {
  int code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  return code == SQLITE_OK ? sqlite3_config(SQLITE_CONFIG_MALLOC, methods) : code;
}

// The file that SQLite has open for the main database, or for its log; NULL when it has none.
static inline sqlite3_file *csqlite_file(sqlite3 *connection, int which) {
  sqlite3_file *file = 0;
  sqlite3_file_control(connection, "main", which, &file);
  return file && file->pMethods ? file : 0;
}

// Reads from the start of the main database's file; what is behind its end reads as zeros.
//
// By SQLite's own descriptor: to close another one would give up SQLite's locks.
static inline int csqlite_read_start(sqlite3 *connection, void *bytes, int count) {
  sqlite3_file *file = csqlite_file(connection, SQLITE_FCNTL_FILE_POINTER);
  if (!file) return SQLITE_NOTFOUND;
  int code = file->pMethods->xRead(file, bytes, count, 0);
  return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

// Whether the main database's file is another one now than its path leads to.
static inline int csqlite_has_moved(sqlite3 *connection) {
  int moved = 0;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved;
}

// Changes whenever a transaction finds that the main database is not what the pages in memory are of.
static inline uint32_t csqlite_data_version(sqlite3 *connection) {
  uint32_t version = 0;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_DATA_VERSION, &version);
  return version;
}

// The header of the index of a write-ahead log: https://sqlite.org/walformat.html, section 2.1. It
// stands twice at the start of the index, in the order of bytes of the machine.
typedef struct {
  uint32_t version;
  uint32_t unused;
  uint32_t change;
  uint16_t flags;
  uint16_t page_size;
  uint32_t last_frame;
  uint32_t page_count;
  uint32_t frame_checksum[2];
  uint32_t salt[2];
  uint32_t checksum[2];
} csqlite_log_header;

enum {
  CSQLITE_LOG_ABSENT,      // The database is not in WAL mode, or has not been read yet.
  CSQLITE_LOG_UNREADABLE,  // There is no index that others could see.
  CSQLITE_LOG_MOVING,      // Somebody is writing the header just now.
  CSQLITE_LOG_READ,
};

// The start of the index; NULL when there is none that others could see. To be asked for only where there is
// a log: without one, to map an index would make it.
static inline void volatile *csqlite_log_index(sqlite3 *connection) {
  sqlite3_file *file = csqlite_file(connection, SQLITE_FCNTL_FILE_POINTER);
  if (!file || file->pMethods->iVersion < 2) return 0;
  void volatile *region = 0;
  int code = file->pMethods->xShmMap(file, 0, 32768, 0, &region);
  return code == SQLITE_OK || code == SQLITE_READONLY ? region : 0;
}

// Reads the header as the last commit of whatever process has left it.
static inline int csqlite_read_log_header(sqlite3 *connection, csqlite_log_header *header) {
  if (!csqlite_file(connection, SQLITE_FCNTL_JOURNAL_POINTER)) return CSQLITE_LOG_ABSENT;
  void volatile *region = csqlite_log_index(connection);
  if (!region) return CSQLITE_LOG_UNREADABLE;
  // The writer writes the second copy first.
  csqlite_log_header second;
  memcpy(header, (void *)region, sizeof *header);
  __sync_synchronize();
  memcpy(&second, (char *)region + sizeof second, sizeof second);
  __sync_synchronize();
  if (memcmp(header, &second, sizeof second) != 0) return CSQLITE_LOG_MOVING;
  return header->version == 3007000 ? CSQLITE_LOG_READ : CSQLITE_LOG_UNREADABLE;
}

// How many frames of the log checkpoints have written to the database's file, and how many the last one has
// begun to: it says so before it writes. They stand behind the headers, the second behind read marks and
// locks: https://sqlite.org/walformat.html, section 2.1.3.
static inline int csqlite_read_checkpoint(sqlite3 *connection, uint32_t *done, uint32_t *begun) {
  if (!csqlite_file(connection, SQLITE_FCNTL_JOURNAL_POINTER)) return 0;
  uint32_t volatile *region = csqlite_log_index(connection);
  if (!region) return 0;
  *done = region[24];
  *begun = region[32];
  return 1;
}

// Whether somebody writes from the log to the database's file, or may do so: a checkpoint has the second of the
// index's locks as long as it lasts. Whoever begins one in the moment of the look is told that it is busy.
static inline int csqlite_is_checkpointing(sqlite3 *connection) {
  sqlite3_file *file = csqlite_file(connection, SQLITE_FCNTL_FILE_POINTER);
  if (!file || file->pMethods->iVersion < 2) return 1;
  if (file->pMethods->xShmLock(file, 1, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED) != SQLITE_OK) return 1;
  file->pMethods->xShmLock(file, 1, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
  return 0;
}
