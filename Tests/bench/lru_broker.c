/* The broker that one would write oneself: least recently used, as in the ZeroMQ guide (chapter 3).
 *
 *   lru_broker RUN_DIRECTORY
 *
 * It binds RUN_DIRECTORY/clients and RUN_DIRECTORY/workers, publishes as events/lru where workers
 * find it, and speaks XODB's protocols as far as a query and its answer need. Requests wait in
 * libzmq until a worker is idle; each costs a round trip through a worker. Nothing else is done: no
 * queue, no deadline, no retry. For each worker that joins it prints a line.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
  max_parts = 16,
  max_workers = 256,
  max_line = 4096,
  max_order = 65536,
  state_milliseconds = 1000
};

struct text {
  const char *start;
  int length;
};

struct worker {
  unsigned char identity[255];
  size_t identity_size;
  int is_running;
  zmq_msg_t client; /* whose request it runs */
  char id[160];     /* " id=…" of the request, or nothing */
};

static struct worker workers[max_workers];
static int worker_count;
static struct worker *idle[max_workers];
static unsigned idle_first, idle_count;
static unsigned long long jobs;

static void check(int is_good, const char *what) {
  if (is_good) return;
  fprintf(stderr, "lru_broker: %s: %s\n", what, zmq_strerror(zmq_errno()));
  exit(71);
}

static void *bind_socket(void *context, int type, const char *directory, const char *name) {
  char endpoint[256];
  int unlimited = 0, verbose = 1;
  snprintf(endpoint, sizeof endpoint, "ipc://%s/%s", directory, name);
  void *socket = zmq_socket(context, type);
  check(socket != NULL, "make a socket");
  zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
  if (type == ZMQ_XPUB) zmq_setsockopt(socket, ZMQ_XPUB_VERBOSE, &verbose, sizeof verbose);
  check(zmq_bind(socket, endpoint) == 0, endpoint);
  return socket;
}

/* Receives a message's frames; 0 when there is none. One with too many frames counts as empty. */
static int receive(void *socket, zmq_msg_t *parts, int *count) {
  *count = 0;
  for (int has_more = 1, number = 0; has_more; number++) {
    zmq_msg_t spare, *part = number < max_parts ? &parts[number] : &spare;
    zmq_msg_init(part);
    if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) return 0;
    has_more = zmq_msg_more(part);
    if (number < max_parts) *count = number + 1;
    else zmq_msg_close(part);
    if (!has_more && number >= max_parts) {
      while (*count > 0) zmq_msg_close(&parts[--*count]);
    }
  }
  return 1;
}

static struct text text_of(zmq_msg_t *part) {
  return (struct text){zmq_msg_data(part), (int)zmq_msg_size(part)};
}

static int begins(struct text text, const char *word) {
  int length = (int)strlen(word);
  return text.length >= length && memcmp(text.start, word, length) == 0;
}

/* The value of " key=" in a line, as it stands there, with its quotes if it has any. */
static struct text value(struct text line, const char *key) {
  const char *found = memmem(line.start, line.length, key, strlen(key));
  if (!found) return (struct text){"", 0};
  const char *start = found + strlen(key), *limit = line.start + line.length, *end = start;
  for (int is_quoted = 0; end < limit && (is_quoted || *end != ' '); end++) {
    if (*end == '"') is_quoted = !is_quoted;
    else if (*end == '\\' && end + 1 < limit) end++;
  }
  return (struct text){start, (int)(end - start)};
}

static void send_text(void *socket, const char *text, int length, int flags) {
  if (length >= 0) zmq_send(socket, text, length, flags | ZMQ_DONTWAIT);
}

static void send_part(void *socket, zmq_msg_t *part, int flags) {
  zmq_msg_send(part, socket, flags | ZMQ_DONTWAIT);
}

/* Gives a client's request to the worker that has been idle for longest. */
static void dispatch(void *backend, zmq_msg_t *parts, int count) {
  struct text line = count >= 4 ? text_of(&parts[2]) : (struct text){"", 0};
  if (!begins(line, "QUERY ")) return;
  struct text db = value(line, " db="), id = value(line, " id=");
  struct text format = value(line, " format="), deadline = value(line, " deadline=");
  if (id.length > 140) return;
  char job[max_line], order[max_order];
  int length = snprintf(
      job, sizeof job, "JOB job=%llu try=1 db=%.*s format=%.*s deadline=%.*s", ++jobs, db.length,
      db.start, format.length ? format.length : 4, format.length ? format.start : "json",
      deadline.length ? deadline.length : 5, deadline.length ? deadline.start : "30000");
  if (length >= (int)sizeof job) return;
  /* The line and the SQL go as netstrings. */
  struct text sql = text_of(&parts[3]);
  length = snprintf(
      order, sizeof order, "%d:%s,%d:%.*s,", length, job, sql.length, sql.length, sql.start);
  if (length >= (int)sizeof order) return;

  struct worker *worker = idle[idle_first++ % max_workers];
  idle_count--;
  worker->is_running = 1;
  zmq_msg_move(&worker->client, &parts[0]);
  worker->id[0] = 0;
  if (id.length) snprintf(worker->id, sizeof worker->id, " id=%.*s", id.length, id.start);
  send_text(backend, (char *)worker->identity, (int)worker->identity_size, ZMQ_SNDMORE);
  send_text(backend, "", 0, ZMQ_SNDMORE);
  send_text(backend, "RUN", 3, ZMQ_SNDMORE);
  send_text(backend, order, length, ZMQ_SNDMORE);
  if (count > 4) send_part(backend, &parts[4], 0);
  else send_text(backend, "", 0, 0);
}

static struct worker *worker_of(zmq_msg_t *identity) {
  struct text name = text_of(identity);
  for (int i = 0; i < worker_count; i++) {
    struct worker *worker = &workers[i];
    if (worker->identity_size == (size_t)name.length &&
        memcmp(worker->identity, name.start, name.length) == 0)
      return worker;
  }
  if (worker_count == max_workers) return NULL;
  struct worker *worker = &workers[worker_count++];
  memcpy(worker->identity, name.start, name.length);
  worker->identity_size = name.length;
  zmq_msg_init(&worker->client);
  puts("joined");
  fflush(stdout);
  return worker;
}

/* What a frame begins with; nothing if that is no netstring. */
static struct text netstring(struct text frame) {
  const char *colon = memchr(frame.start, ':', frame.length);
  int length = colon ? atoi(frame.start) : -1;
  if (length < 0 || length > frame.length - (colon - frame.start) - 2) return (struct text){"", 0};
  return (struct text){colon + 1, length};
}

/* Passes a worker's answer on, under the client's own id. */
static void answer(void *frontend, struct worker *worker, zmq_msg_t *line_part, zmq_msg_t *rows) {
  struct text line = netstring(text_of(line_part)), number = value(line, " try=");
  const char *space = memchr(line.start, ' ', line.length);
  if (!space || !number.length) return;
  const char *rest = number.start + number.length;
  char text[max_line + sizeof worker->id];
  int length = snprintf(
      text, sizeof text, "%.*s%s%.*s", (int)(space - line.start), line.start, worker->id,
      (int)(line.start + line.length - rest), rest);
  if (length >= (int)sizeof text) length = (int)sizeof text - 1;
  send_part(frontend, &worker->client, ZMQ_SNDMORE);
  send_text(frontend, "", 0, ZMQ_SNDMORE);
  send_text(frontend, text, length, ZMQ_SNDMORE);
  send_part(frontend, rows, 0);
}

/* A worker is ready, and may have an answer. */
static void take(void *frontend, zmq_msg_t *parts, int count) {
  if (count < 4 || !begins(text_of(&parts[2]), "READY ")) return;
  struct worker *worker = worker_of(&parts[0]);
  if (!worker) return;
  /* It says so when it joins, and with each answer. */
  int has_answer = count >= 6;
  if (worker->is_running != has_answer) return;
  if (has_answer) answer(frontend, worker, &parts[4], &parts[5]);
  worker->is_running = 0;
  idle[(idle_first + idle_count++) % max_workers] = worker;
}

static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void publish_state(void *publisher, const char *directory) {
  char state[max_line];
  int length = snprintf(
      state, sizeof state,
      "state time=2026-11-21T08:00:00.123456Z publisher=lru incarnation=1 seq=0 role=router "
      "workers=ipc://%s/workers",
      directory);
  send_text(publisher, state, length, 0);
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: lru_broker RUN_DIRECTORY\n");
    return 64;
  }
  void *context = zmq_ctx_new();
  void *publisher = bind_socket(context, ZMQ_XPUB, arguments[1], "events/lru");
  void *frontend = bind_socket(context, ZMQ_ROUTER, arguments[1], "clients");
  void *backend = bind_socket(context, ZMQ_ROUTER, arguments[1], "workers");
  long long state_due = 0;
  while (1) {
    zmq_pollitem_t items[] = {
        {backend, 0, ZMQ_POLLIN, 0}, {publisher, 0, ZMQ_POLLIN, 0}, {frontend, 0, ZMQ_POLLIN, 0}};
    long long wait = state_due - milliseconds();
    /* Clients are heard only when there is somebody to work for them. */
    check(zmq_poll(items, idle_count ? 3 : 2, wait > 0 ? wait : 0) >= 0, "poll");
    zmq_msg_t parts[max_parts];
    int size;
    if (items[0].revents & ZMQ_POLLIN) {
      while (receive(backend, parts, &size)) {
        take(frontend, parts, size);
        while (size > 0) zmq_msg_close(&parts[--size]);
      }
    }
    while (idle_count && receive(frontend, parts, &size)) {
      dispatch(backend, parts, size);
      while (size > 0) zmq_msg_close(&parts[--size]);
    }
    if (items[1].revents & ZMQ_POLLIN) {
      while (receive(publisher, parts, &size)) {
        while (size > 0) zmq_msg_close(&parts[--size]);
      }
      state_due = 0;
    }
    if (milliseconds() >= state_due) {
      publish_state(publisher, arguments[1]);
      state_due = milliseconds() + state_milliseconds;
    }
  }
}
