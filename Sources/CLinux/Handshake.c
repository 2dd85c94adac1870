#define _GNU_SOURCE
#include "Handshake.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// A ROUTER of libzmq gives every peer an id, a zero and four bytes that it counts up, and ends the
// process when it comes to one that is taken. A peer may choose its id, and libzmq 4.3 does not check
// that it leaves alone those that begin with zero, as ZMTP demands. Nothing but what is received
// tells about them before it is too late, so that is looked at here, in the place of the C library's
// `recv`: of each connection that was accepted the greeting and the first command,
//
//     greeting of 64 bytes, flags, size of one or eight bytes, READY command with properties
//
// and in older protocols than ZMTP 3 the id is elsewhere, so those are refused.

static const unsigned greeting_size = 64;
static const unsigned max_ready_size = 4096;
static const unsigned char large_flag = 2;
// The property with an id of five bytes, the first of which is zero. No part of it but the whole
// begins as it does, so a mismatch needs no step back.
static const unsigned char forbidden[] = {'I', 'd', 'e', 'n', 't', 'i', 't', 'y', 0, 0, 0, 5, 0};

enum stage { passed, greeting, flags, size, ready };

struct handshake {
  unsigned char stage;
  // Bytes of the greeting that have come, or of the size that are still to come.
  unsigned char count;
  // How much of what is forbidden has just come.
  unsigned char matched;
  // The bytes of the command that are still to come.
  unsigned size;
};

// By descriptor. Pages of it that nobody has touched take no memory.
static struct handshake handshakes[max_checked_descriptors];

// Takes one byte more. Returns the errno that ends the connection, or 0.
static int take(struct handshake *peer, unsigned char byte) {
  switch (peer->stage) {
  case greeting: {
    unsigned index = peer->count++;
    if ((index == 0 && byte != 0xff) || (index == 9 && !(byte & 1)) || (index == 10 && byte < 3))
      return EPROTONOSUPPORT;
    if (peer->count == greeting_size) peer->stage = flags;
    break;
  }
  case flags:
    peer->count = byte & large_flag ? 8 : 1;
    peer->stage = size;
    break;
  case size:
    peer->size = peer->size << 8 | byte;
    if (peer->size > max_ready_size) return EMSGSIZE;
    if (--peer->count == 0) peer->stage = peer->size > 0 ? ready : passed;
    break;
  case ready:
    peer->matched = byte == forbidden[peer->matched] ? peer->matched + 1 : byte == forbidden[0];
    if (peer->matched == sizeof forbidden) return EPROTO;
    if (--peer->size == 0) peer->stage = passed;
    break;
  }
  return 0;
}

void check_handshake(int descriptor) {
  handshakes[descriptor] = (struct handshake){.stage = greeting};
}

ssize_t recv(int descriptor, void *bytes, size_t capacity, int options) {
  ssize_t count = syscall(SYS_recvfrom, descriptor, bytes, capacity, options, NULL, NULL);
  if (descriptor < 0 || descriptor >= max_checked_descriptors) return count;
  struct handshake *peer = &handshakes[descriptor];
  for (ssize_t index = 0; index < count && peer->stage != passed; index++) {
    int failure = take(peer, ((unsigned char *)bytes)[index]);
    if (failure == 0) continue;
    errno = failure;
    return -1;
  }
  return count;
}

// A descriptor that is used again for a connection made from here is not checked.
int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
  if (descriptor >= 0 && descriptor < max_checked_descriptors)
    handshakes[descriptor].stage = passed;
  return (int)syscall(SYS_connect, descriptor, address, size);
}
