/* Runs a command and says how long it took and how much memory it had.
 *
 *   timed REPETITIONS FILE COMMAND [ARG …]
 *
 * Writes a line to FILE for each run: seconds, and the largest resident set in KiB. It is small
 * itself, because what it has counts for the child until that executes the command. Ends at the
 * first run that fails, with that one's status.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  FILE *file = count >= 4 ? fopen(arguments[2], "we") : NULL;
  if (!file) {
    fprintf(stderr, "usage: timed REPETITIONS FILE COMMAND [ARG …]\n");
    return 64;
  }
  for (int left = atoi(arguments[1]); left > 0; left--) {
    double begun = seconds();
    pid_t pid = vfork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execvp(arguments[3], arguments + 3);
      _exit(127);
    }
    struct rusage usage;
    int status;
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
      perror("timed");
      return 71;
    }
    fprintf(file, "%.6f %ld\n", seconds() - begun, usage.ru_maxrss);
    if (status != 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return fclose(file) == 0 ? 0 : 74;
}
