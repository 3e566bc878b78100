// A mock of an OpenAI-compatible provider, cheap enough never to be the bottleneck: one thread, epoll, HTTP/1.1.
//
//   mock [--port N]     listens on 127.0.0.1 (port 0: any free one) and prints the port on its first line
//
// POST …/chat/completions (whole or streamed), POST …/embeddings, GET /__stats (counters); any other GET lists models.
// Markers in the request's body steer the answer: see plan.h. It ends with the process that started it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answers.h"
#include "buffer.h"
#include "clock.h"
#include "deadlines.h"
#include "plan.h"
#include "request.h"

#define EVENTS_PER_WAIT 512
#define INBOX_BYTES (256u << 10)
#define BURST_BYTES (32u << 10) // an unpaced stream is sent in runs of about this size
#define LISTEN_BACKLOG 8192

struct Connection {
  int fd;
  bool is_answering; // a request is being answered; the next one waits in `unread`
  bool is_streaming; // the head of a stream is out, its end is not
  bool closes_when_sent;
  bool is_watching_writable;
  bool is_closed;
  uint32_t next_chunk;
  struct Plan plan;
  struct Deadline deadline;
  struct Buffer unread; // request bytes that are not served yet
  struct Buffer unsent; // answer bytes that the socket did not take
  struct Connection *next_closed;
};

static struct {
  uint64_t requests;
  uint64_t streams;
  uint64_t streams_done;
  uint64_t streams_aborted;
  uint64_t chunks;
  uint64_t connections_accepted;
  uint64_t connections_open;
} stats;

static int poller;
static int listener;
static struct DeadlineHeap deadlines;
static struct Connection *closed_connections; // freed after the batch of events that may still name them
static struct Buffer outbox;                  // what one step of one answer sends; empty between steps
static char inbox[INBOX_BYTES];

static void serve_unread(struct Connection *connection);

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// ---- Connections ----------------------------------------------------------------------------------------------------

static void watch(struct Connection *connection, int operation, bool writable) {
  uint32_t events = EPOLLIN | EPOLLRDHUP | (writable ? EPOLLOUT : 0u);
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(poller, operation, connection->fd, &event) < 0) fail("epoll_ctl");
  connection->is_watching_writable = writable;
}

static void close_connection(struct Connection *connection) {
  if (connection->is_closed) return;
  connection->is_closed = true;
  deadline_cancel(&deadlines, &connection->deadline);
  if (connection->is_streaming) stats.streams_aborted++;
  stats.connections_open--;
  close(connection->fd);
  buffer_release(&connection->unread);
  buffer_release(&connection->unsent);
  connection->next_closed = closed_connections;
  closed_connections = connection;
}

static void free_closed_connections(void) {
  while (closed_connections) {
    struct Connection *connection = closed_connections;
    closed_connections = connection->next_closed;
    free(connection);
  }
}

static void accept_connections(void) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct Connection *connection = calloc(1, sizeof(*connection));
    if (!connection) fail("calloc");
    connection->fd = fd;
    connection->deadline = (struct Deadline){.slot = NOT_SCHEDULED, .owner = connection};
    stats.connections_accepted++;
    stats.connections_open++;
    watch(connection, EPOLL_CTL_ADD, false);
  }
}

// Sends what it can; 0 when the socket takes no more, -1 when the peer is gone.
static ssize_t send_some(int fd, const char *bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

// Sends the outbox behind what is still unsent, and keeps what the socket does not take.
static void transmit(struct Connection *connection) {
  size_t sent = 0;
  if (connection->unsent.length == 0) {
    ssize_t result = send_some(connection->fd, outbox.bytes, outbox.length);
    if (result < 0) {
      outbox.length = 0;
      close_connection(connection);
      return;
    }
    sent = (size_t)result;
  }
  buffer_append(&connection->unsent, outbox.bytes + sent, outbox.length - sent);
  outbox.length = 0;
  if (connection->unsent.length > 0) {
    if (!connection->is_watching_writable) watch(connection, EPOLL_CTL_MOD, true);
  } else if (connection->closes_when_sent && !connection->is_answering) {
    close_connection(connection);
  }
}

static bool is_blocked(const struct Connection *connection) {
  return connection->is_closed || connection->unsent.length > 0;
}

// ---- Answers --------------------------------------------------------------------------------------------------------

static void append_stats(struct Buffer *out) {
  char json[512];
  int length = snprintf(json, sizeof(json),
                        "{\"requests\":%" PRIu64 ",\"streams\":%" PRIu64 ",\"streams_done\":%" PRIu64
                        ",\"streams_aborted\":%" PRIu64 ",\"chunks\":%" PRIu64 ",\"connections_accepted\":%" PRIu64
                        ",\"connections_open\":%" PRIu64 "}",
                        stats.requests, stats.streams, stats.streams_done, stats.streams_aborted, stats.chunks,
                        stats.connections_accepted, stats.connections_open);
  append_head(out, 200, (size_t)length);
  buffer_append(out, json, (size_t)length);
}

static void answer_whole(struct Connection *connection) {
  connection->is_answering = false;
  if (connection->plan.endpoint == ENDPOINT_STATS)
    append_stats(&outbox);
  else
    append_whole_answer(&outbox, &connection->plan);
  transmit(connection);
}

static void begin_stream(struct Connection *connection) {
  connection->is_streaming = true;
  stats.streams++;
  append_stream_head(&outbox);
}

static void append_next_chunk(struct Connection *connection) {
  append_content_event(&outbox, &connection->plan, connection->next_chunk++);
  stats.chunks++;
  if (connection->next_chunk < connection->plan.chunks) return;
  append_stream_end(&outbox, &connection->plan);
  stats.streams_done++;
  connection->is_streaming = connection->is_answering = false;
}

// A paced stream sends one chunk and sleeps; an unpaced one sends until it ends or the reader falls behind.
static void answer_stream(struct Connection *connection) {
  if (connection->next_chunk == 0) begin_stream(connection);
  const uint64_t gap_ns = connection->plan.gap_ms * NS_PER_MS;
  do {
    append_next_chunk(connection);
    if (gap_ns || !connection->is_answering || outbox.length >= BURST_BYTES) transmit(connection);
  } while (connection->is_answering && !gap_ns && !is_blocked(connection));
  if (!connection->is_answering || !gap_ns || is_blocked(connection)) return;
  connection->deadline.due_ns += gap_ns;
  deadline_schedule(&deadlines, &connection->deadline);
}

static void answer(struct Connection *connection) {
  if (connection->plan.is_stream)
    answer_stream(connection);
  else
    answer_whole(connection);
}

static void begin_answer(struct Connection *connection, const struct Request *request) {
  connection->plan = plan_of(request);
  connection->next_chunk = 0;
  connection->is_answering = true;
  connection->closes_when_sent = request->wants_close;
  if (connection->plan.endpoint != ENDPOINT_STATS) stats.requests++;
  const bool is_timed = connection->plan.delay_ms || (connection->plan.is_stream && connection->plan.gap_ms);
  if (is_timed) connection->deadline.due_ns = now_ns() + connection->plan.delay_ms * NS_PER_MS;
  if (connection->plan.delay_ms)
    deadline_schedule(&deadlines, &connection->deadline);
  else
    answer(connection);
}

// ---- Requests -------------------------------------------------------------------------------------------------------

// Serves the requests at the front of `bytes` in order; returns how many bytes they took.
static size_t serve(struct Connection *connection, char *bytes, size_t length) {
  size_t used = 0;
  while (used < length && !connection->is_answering && !connection->closes_when_sent && !connection->is_closed) {
    struct Request request;
    enum Framing framing = read_request(bytes + used, length - used, &request);
    if (framing == FRAMING_PARTIAL) break;
    if (framing == FRAMING_MALFORMED) {
      append_error(&outbox, 400);
      connection->closes_when_sent = true;
      transmit(connection);
      return length;
    }
    used += request.total_length;
    begin_answer(connection, &request);
  }
  return used;
}

static void serve_unread(struct Connection *connection) {
  if (connection->is_closed || connection->unread.length == 0) return;
  size_t used = serve(connection, connection->unread.bytes, connection->unread.length);
  if (!connection->is_closed && used > 0) buffer_discard_front(&connection->unread, used);
}

// ---- Events ---------------------------------------------------------------------------------------------------------

static void on_readable(struct Connection *connection) {
  ssize_t received = recv(connection->fd, inbox, sizeof(inbox), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0 || connection->unread.length > REQUEST_BYTES_MAX) {
    close_connection(connection);
    return;
  }
  if (connection->unread.length > 0 || connection->is_answering) {
    buffer_append(&connection->unread, inbox, (size_t)received);
    if (!connection->is_answering) serve_unread(connection);
    return;
  }
  // The usual case: a whole request in one read is served where it lies.
  size_t used = serve(connection, inbox, (size_t)received);
  if (!connection->is_closed) buffer_append(&connection->unread, inbox + used, (size_t)received - used);
}

static void on_writable(struct Connection *connection) {
  struct Buffer *unsent = &connection->unsent;
  ssize_t sent = send_some(connection->fd, unsent->bytes, unsent->length);
  if (sent < 0) {
    close_connection(connection);
    return;
  }
  buffer_discard_front(unsent, (size_t)sent);
  if (unsent->length > 0) return;
  if (connection->closes_when_sent && !connection->is_answering) {
    close_connection(connection);
    return;
  }
  watch(connection, EPOLL_CTL_MOD, false);
  // A stream whose reader had fallen behind has no deadline of its own: it goes on here.
  if (connection->is_streaming && connection->deadline.slot == NOT_SCHEDULED) answer(connection);
  if (!connection->is_answering) serve_unread(connection);
}

static void on_event(const struct epoll_event *event) {
  struct Connection *connection = event->data.ptr;
  if (!connection) {
    accept_connections();
    return;
  }
  if (connection->is_closed) return;
  if (event->events & EPOLLOUT) on_writable(connection);
  if (!connection->is_closed && (event->events & ~(uint32_t)EPOLLOUT)) on_readable(connection);
}

static void on_due_deadlines(void) {
  if (deadlines.count == 0) return;
  const uint64_t now = now_ns();
  for (struct Deadline *due; (due = deadline_take_due(&deadlines, now));) {
    struct Connection *connection = due->owner;
    if (is_blocked(connection)) continue; // on_writable goes on when the reader has caught up
    answer(connection);
    if (!connection->is_answering) serve_unread(connection);
  }
}

static void run(void) {
  struct epoll_event events[EVENTS_PER_WAIT];
  for (;;) {
    struct timespec timeout, *timeout_or_never = NULL;
    if (deadlines.count > 0) {
      const uint64_t now = now_ns(), due = deadlines.slots[0]->due_ns;
      timeout = timespec_of(due > now ? due - now : 0);
      timeout_or_never = &timeout;
    }
    int count = epoll_pwait2(poller, events, EVENTS_PER_WAIT, timeout_or_never, NULL);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int index = 0; index < count; index++) on_event(&events[index]);
    on_due_deadlines();
    free_closed_connections();
  }
}

// ---- Start ----------------------------------------------------------------------------------------------------------

static uint16_t listen_on(uint16_t port) {
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Pacing (BBR) costs CPU and has no meaning on loopback; where the choice is refused, the default will do.
  setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(address);
  if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, LISTEN_BACKLOG) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll");
  return ntohs(address.sin_port);
}

int main(int argument_count, char **arguments) {
  static const struct option OPTIONS[] = {{"port", required_argument, NULL, 'p'}, {0}};
  uint16_t port = 0;
  for (int option; (option = getopt_long(argument_count, arguments, "p:", OPTIONS, NULL)) != -1;) {
    if (option != 'p') {
      fprintf(stderr, "usage: mock [--port N]\n");
      return 2;
    }
    port = (uint16_t)strtoul(optarg, NULL, 10);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  printf("%u\n", listen_on(port));
  fflush(stdout);
  run();
}
