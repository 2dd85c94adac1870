/* Clients that wait for each answer before they ask again.
 *
 *   lockstep ENDPOINT DATABASE DATABASES ROWS SQL FIRST CONNECTIONS SECONDS PAUSE
 *
 * Each connection is a REQ socket in a thread of its own, and pauses for PAUSE microseconds before
 * a question. Prints requests per second, and the median and the 99th percentile in microseconds.
 */
#include <pthread.h>
#include <unistd.h>

#include "load.h"

enum { max_connections = 64, max_times = 1 << 20 };

static const char *endpoint;
static struct question question;
static void *context;
static double duration;
static int pause_microseconds;
static pthread_barrier_t start;

struct connection {
  pthread_t thread;
  long long first;
  float *times; /* microseconds */
  int count;
};

static void *run(void *argument) {
  struct connection *self = argument;
  void *socket = connect_socket(context, ZMQ_REQ, endpoint);
  long long n = self->first;
  /* The first one waits for the connection. */
  ask(socket, &question, n++, 0);
  take(socket, 0);
  pthread_barrier_wait(&start);
  double end = seconds() + duration;
  while (self->count < max_times) {
    if (pause_microseconds) usleep(pause_microseconds);
    double begun = seconds();
    if (begun >= end) break;
    ask(socket, &question, n++, 0);
    take(socket, 0);
    self->times[self->count++] = (seconds() - begun) * 1e6;
  }
  zmq_close(socket);
  return NULL;
}

static int compare(const void *left, const void *right) {
  float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

int main(int count, char **arguments) {
  int connections = count == 10 ? atoi(arguments[7]) : 0;
  if (connections < 1 || connections > max_connections) {
    fprintf(
        stderr,
        "usage: lockstep ENDPOINT DATABASE DATABASES ROWS SQL FIRST CONNECTIONS SECONDS PAUSE\n");
    return 64;
  }
  endpoint = arguments[1];
  question = (struct question){arguments[2], atoi(arguments[3]), atoll(arguments[4]), arguments[5]};
  duration = atof(arguments[8]);
  pause_microseconds = atoi(arguments[9]);
  context = zmq_ctx_new();
  pthread_barrier_init(&start, NULL, connections + 1);
  static struct connection all[max_connections];
  for (int i = 0; i < connections; i++) {
    all[i].first = atoll(arguments[6]) + i * (question.rows / connections);
    all[i].times = malloc(max_times * sizeof(float));
    if (!all[i].times || pthread_create(&all[i].thread, NULL, run, &all[i]) != 0)
      fail("thread", "cannot be started", 17);
  }
  pthread_barrier_wait(&start);
  double begun = seconds();
  for (int i = 0; i < connections; i++) pthread_join(all[i].thread, NULL);
  double took = seconds() - begun;

  int total = 0;
  for (int i = 0; i < connections; i++) total += all[i].count;
  float *times = malloc((total + 1) * sizeof(float)), *next = times;
  if (!times || total == 0) fail("measure", "no answers", 10);
  for (int i = 0; i < connections; i++) {
    memcpy(next, all[i].times, all[i].count * sizeof(float));
    next += all[i].count;
  }
  qsort(times, total, sizeof(float), compare);
  printf("%.1f %.1f %.1f\n", total / took, times[total / 2], times[(int)(total * 0.99)]);
  return 0;
}
