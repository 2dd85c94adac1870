/* A client with many requests in flight on one connection.
 *
 *   pipelined ENDPOINT DATABASE DATABASES ROWS SQL FIRST COUNT WINDOW
 *
 * Asks COUNT questions, from number FIRST on, each with an id as its parameter, always WINDOW of
 * them at once; without end if COUNT is 0.
 */
#include "load.h"

int main(int count, char **arguments) {
  if (count != 9) {
    fprintf(stderr, "usage: pipelined ENDPOINT DATABASE DATABASES ROWS SQL FIRST COUNT WINDOW\n");
    return 64;
  }
  struct question question = {
      arguments[2], atoi(arguments[3]), atoll(arguments[4]), arguments[5]};
  long long next = atoll(arguments[6]), total = atoll(arguments[7]), window = atoll(arguments[8]);
  long long end = next + total, waiting = 0;
  void *socket = connect_socket(zmq_ctx_new(), ZMQ_DEALER, arguments[1]);
  while (1) {
    while (waiting < window && (total == 0 || next < end)) {
      ask(socket, &question, next++, 1);
      waiting++;
    }
    if (waiting == 0) return 0;
    take(socket, 1);
    waiting--;
  }
}
