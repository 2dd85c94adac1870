/* What the clients that make load share: which rows they ask for, and how. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { answer_milliseconds = 60000 };

struct question {
  const char *database; /* its name, or what the names of many begin with */
  int databases;        /* how many there are: name0000, name0001, …; 0 for one without a number */
  long long rows;
  const char *sql;
};

/* The id that is asked for as the n-th: distinct ones for as many as there are rows,
 * and no neighbours after each other. data.py does the same for xodb-req. */
static inline long long id_at(long long n, long long rows) { return 1 + n * 611953 % rows; }

static inline double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static inline void fail(const char *what, const char *why, int length) {
  fprintf(stderr, "load: %s: %.*s\n", what, length, why);
  exit(70);
}

static inline void *connect_socket(void *context, int type, const char *endpoint) {
  int unlimited = 0, time = answer_milliseconds;
  void *socket = zmq_socket(context, type);
  zmq_setsockopt(socket, ZMQ_LINGER, &unlimited, sizeof unlimited);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &time, sizeof time);
  if (zmq_connect(socket, endpoint) != 0) {
    const char *why = zmq_strerror(zmq_errno());
    fail(endpoint, why, (int)strlen(why));
  }
  return socket;
}

/* Which database is asked for as the n-th: at random, for a cycle would defeat any cache. */
static inline int database_at(long long n, int databases) {
  unsigned long long x = (unsigned long long)n * 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (int)((x ^ x >> 31) % (unsigned)databases);
}

/* Sends the n-th question; a DEALER's begins with an empty frame. */
static inline void ask(void *socket, const struct question *question, long long n, int is_dealer) {
  char line[256], parameters[32], name[128];
  if (question->databases) {
    int number = database_at(n, question->databases);
    snprintf(name, sizeof name, "%.100s%04d", question->database, number);
  } else {
    snprintf(name, sizeof name, "%.100s", question->database);
  }
  int line_size = snprintf(line, sizeof line, "QUERY db=%s id=%lld deadline=600000", name, n);
  int parameters_size =
      snprintf(parameters, sizeof parameters, "[%lld]", id_at(n, question->rows));
  if (is_dealer) zmq_send(socket, "", 0, ZMQ_SNDMORE);
  zmq_send(socket, line, line_size, ZMQ_SNDMORE);
  zmq_send(socket, question->sql, strlen(question->sql), ZMQ_SNDMORE);
  if (zmq_send(socket, parameters, parameters_size, 0) < 0) fail("send", "failed", 6);
}

/* Receives an answer, which must be rows. */
static inline void take(void *socket, int is_dealer) {
  zmq_msg_t part;
  int line_at = is_dealer ? 1 : 0, has_more = 1;
  for (int number = 0; has_more; number++) {
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket, 0) < 0) fail("receive", "no answer", 9);
    const char *data = zmq_msg_data(&part);
    int size = (int)zmq_msg_size(&part);
    if (number == line_at && (size < 3 || memcmp(data, "OK ", 3) != 0)) fail("answer", data, size);
    has_more = zmq_msg_more(&part);
    zmq_msg_close(&part);
  }
}
