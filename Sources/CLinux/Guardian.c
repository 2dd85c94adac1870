#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLinux.h"

enum { capacity = 4096 };

// The groups that are entered; 0 is a free place.
static pid_t groups[capacity];

static void note(pid_t entry) {
  pid_t wanted = entry > 0 ? 0 : -entry;
  for (int i = 0; i < capacity; i++) {
    if (groups[i] != wanted) continue;
    groups[i] = entry > 0 ? entry : 0;
    return;
  }
}

static void guard(int input) {
  pid_t entry;
  ssize_t count;
  // Entries are written in one piece each, and a pipe keeps such pieces whole.
  while ((count = read(input, &entry, sizeof entry)) != 0) {
    if (count == sizeof entry) note(entry);
    else if (count < 0 && errno != EINTR) break;
  }
  for (int i = 0; i < capacity; i++)
    if (groups[i] > 0) kill(-groups[i], SIGKILL);
}

// Puts a name in the place of the command line.
static void rename_command(char **argv, const char *name) {
  char *end = argv[0];
  for (int i = 0; argv[i] == end; i++) end += strlen(argv[i]) + 1;
  if (end == argv[0]) return;
  size_t size = (size_t)(end - argv[0]);
  memset(argv[0], 0, size);
  strncpy(argv[0], name, size - 1);
}

pid_t clinux_guardian(const pid_t *entered, size_t count, char **argv, int *entries) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    for (size_t i = 0; i < count; i++) note(entered[i]);
    // A group of its own, no signals, other names: what ends the caller must not end this.
    setpgid(0, 0);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "xodb-guardian");
    rename_command(argv, "xodb-guardian");
    // Whoever waits for the end of the caller's output must not wait for this.
    if (dup2(ends[0], 0) < 0 || syscall(SYS_close_range, 1U, ~0U, 0U) != 0) _exit(1);
    if (chdir("/") != 0) _exit(1);
    guard(0);
    _exit(0);
  }
  int error = errno;
  close(ends[0]);
  if (pid > 0) {
    *entries = ends[1];
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0) return pid;
    error = errno;
  }
  // One that has started ends with this.
  close(ends[1]);
  errno = error;
  return -1;
}
