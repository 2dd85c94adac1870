#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int clinux_next_signal(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t count;
  do count = read(descriptor, &info, sizeof info);
  while (count < 0 && errno == EINTR);
  if (count == sizeof info) return (int)info.ssi_signo;
  return count < 0 && errno == EAGAIN ? 0 : -1;
}

const char *clinux_signal_name(int signal) { return sigabbrev_np(signal); }

// Runs in the child, after fork: only async-signal-safe calls. Returns with errno on failure.
// `report` names the pipe to the parent, which moves on the way.
static void become(const struct clinux_child *child, pid_t parent, int *report) {
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (getppid() != parent) _exit(0);  // it died before the kernel's promise was made

  int input = open("/dev/null", O_RDONLY);
  if (input < 0) return;
  // Move all sources out of the way of their targets first.
  int sources[] = {input, child->error, child->ready, child->lifeline, *report};
  int targets[] = {0, 2, 3, 4, 5};
  for (int i = 0; i < 5; i++) {
    sources[i] = fcntl(sources[i], F_DUPFD, 16);
    if (sources[i] < 0) return;
  }
  *report = sources[4];
  for (int i = 0; i < 5; i++)
    if (dup2(sources[i], targets[i]) < 0) return;
  *report = 5;
  if (fcntl(5, F_SETFD, FD_CLOEXEC) != 0) return;
  if (syscall(SYS_close_range, 6U, ~0U, 0U) != 0) return;

  struct sigaction defaults = {.sa_handler = SIG_DFL};
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &defaults, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvpe(child->argv[0], child->argv, child->envp);
}

pid_t clinux_spawn(const struct clinux_child *child) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -1;
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    become(child, parent, &report[1]);
    int error = errno;
    ssize_t written = write(report[1], &error, sizeof error);
    _exit(written == sizeof error ? 127 : 126);
  }
  int error = errno;
  close(report[1]);
  if (pid > 0) {
    setpgid(pid, pid);  // also here, so that a kill of the group cannot come too early
    ssize_t count;
    do count = read(report[0], &error, sizeof error);
    while (count < 0 && errno == EINTR);
    if (count == sizeof error) {
      while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
      pid = -1;
    }
  }
  close(report[0]);
  if (pid < 0) errno = error;
  return pid;
}

int clinux_reap(struct clinux_exit *result) {
  int status;
  pid_t pid;
  do pid = waitpid(-1, &status, WNOHANG);
  while (pid < 0 && errno == EINTR);
  if (pid < 0) return -1;
  *result = (struct clinux_exit){.pid = pid, .status = -1};
  if (pid == 0) return 0;
  if (WIFEXITED(status)) result->status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result->signal = WTERMSIG(status);
  return 0;
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }
