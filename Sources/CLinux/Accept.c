#define _GNU_SOURCE
#include "Handshake.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// These take the place of the C library's functions for the whole process, libzmq included, which
// calls them for every connection and offers no other way to refuse one: at the limit on
// descriptors it ends the process (ipc) or tries again without rest (tcp), and to unbind ends the
// connections that there are.
//
// So the last descriptors are not for connections. One that would take them is closed at once,
// which to libzmq looks like a peer that has hung up before it was accepted.

static const rlim_t kept_descriptors = 64;
static const int shortage_rest_milliseconds = 10;

static int is_beyond_limit(int descriptor) {
  struct rlimit limit;
  if (descriptor >= max_checked_descriptors) return 1;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlim_t kept = limit.rlim_cur / 4 < kept_descriptors ? limit.rlim_cur / 4 : kept_descriptors;
  // The kernel gives out the lowest free number: the numbers below are all in use.
  return (rlim_t)descriptor >= limit.rlim_cur - kept;
}

int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags) {
  int descriptor = (int)syscall(SYS_accept4, listener, address, size, flags);
  if (descriptor < 0) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return -1;
    // The whole system is short, or this process has used what was kept. The connection stays
    // where it is, and libzmq will ask for it again at once.
    poll(NULL, 0, shortage_rest_milliseconds);
  } else if (is_beyond_limit(descriptor)) {
    close(descriptor);
  } else {
    check_handshake(descriptor);
    return descriptor;
  }
  errno = ECONNABORTED;
  return -1;
}

int accept(int listener, struct sockaddr *address, socklen_t *size) {
  return accept4(listener, address, size, 0);
}
