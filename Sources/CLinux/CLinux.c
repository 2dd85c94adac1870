#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) {
    sigaddset(&set, signals[i]);
    // An ignored SIGCHLD, which is inherited, would make the kernel reap children unseen.
    if (signal(signals[i], SIG_DFL) == SIG_ERR) return -1;
  }
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

int clinux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int clinux_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int clinux_set_timer(int timer, long milliseconds) {
  struct itimerspec time = {.it_value = {.tv_sec = milliseconds / 1000,
                                         .tv_nsec = milliseconds % 1000 * 1000000}};
  return timerfd_settime(timer, 0, &time, NULL);
}

long clinux_received_before(int descriptor) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
  return info.tcpi_last_data_recv;
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

static void write_decimal(char *text, pid_t number) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0) *text++ = digits[--count];
  *text = 0;
}

// Runs in the child, after fork: only async-signal-safe calls. Returns with errno on failure.
// `report` names the pipe to the parent, which moves on the way.
static void become(const struct clinux_child *child, pid_t parent, int *report) {
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (getppid() != parent) _exit(0);  // it died before the kernel's promise was made
  pid_t self = getpid();
  write_decimal(child->pid, self);
  // A guardian that is gone guards nothing; that is no reason not to start.
  if (write(child->guardian, &self, sizeof self) < 0) errno = 0;

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

  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (child->descriptors < limit.rlim_cur) limit.rlim_cur = child->descriptors;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return;

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
      // It has entered itself, and its number will be another's.
      pid_t gone = -pid;
      ssize_t written = write(child->guardian, &gone, sizeof gone);
      (void)written;  // as above
      while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
      pid = -1;
    }
  }
  close(report[0]);
  if (pid < 0) errno = error;
  return pid;
}

int clinux_next_exit(struct clinux_exit *result) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int failed;
  do failed = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
  while (failed && errno == EINTR);
  *result = (struct clinux_exit){.pid = failed ? 0 : info.si_pid, .status = -1};
  if (failed) return errno == ECHILD ? 0 : -1;
  if (info.si_code == CLD_EXITED) result->status = info.si_status;
  else result->signal = info.si_status;
  return 0;
}

pid_t clinux_next_stop(int *is_stopped) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int failed;
  do failed = waitid(P_ALL, 0, &info, WSTOPPED | WCONTINUED | WNOHANG);
  while (failed && errno == EINTR);
  if (failed) return errno == ECHILD ? 0 : -1;
  *is_stopped = info.si_code == CLD_STOPPED;
  return info.si_pid;
}

void clinux_release(pid_t pid) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }

char **clinux_environment(void) { return environ; }

size_t clinux_children(pid_t *pids, size_t capacity) {
  FILE *file = fopen("/proc/thread-self/children", "re");
  if (file == NULL) return 0;
  size_t count = 0;
  while (count < capacity && fscanf(file, "%d", &pids[count]) == 1) count++;
  fclose(file);
  return count;
}
