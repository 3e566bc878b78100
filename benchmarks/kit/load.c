// A load generator for one HTTP/1.1 server on 127.0.0.1: one thread, epoll, one line of JSON at the end.
//
//   load --port N [--connections N] (--requests N | --seconds S) [--rate R] [--ramp S] [--cancel-after EVENTS]
//        [--path PATH] [--body FILE] [--header "Name: value"]... [--timeout S]
//
// Closed loop (the default): each connection sends its next request when its last one is answered.
// Open loop (--rate): requests start at fixed times; latency counts from the intended start, so a stalled server cannot
// hide the requests that it kept from being sent. Without a free connection a request waits, and its clock runs.
// Paced streams: --connections N --requests N --ramp S opens N streams within S seconds and lets them run to their end.
// --cancel-after hangs up when a stream has brought that many events, by FIN and by RST in turn.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "histogram.h"
#include "response.h"

#define EVENTS_PER_WAIT 1024
#define INBOX_BYTES (256u << 10)
#define EXPIRY_INTERVAL_NS (100 * NS_PER_MS)
#define FAILURES_MAX 20000 // a server that answers nothing must not be hammered for ever
#define RECONNECT_PAUSE_NS (10 * NS_PER_MS)
#define FIRST_ERROR_BYTES 400

enum State { STATE_CLOSED, STATE_CONNECTING, STATE_IDLE, STATE_BUSY };

struct Client {
  int fd;
  enum State state;
  bool has_sent_before;   // the connection has carried a request already
  bool is_queued;         // stands in the queue of idle connections
  uint64_t open_at_ns;    // STATE_CLOSED: when to connect; UINT64_MAX: never
  uint64_t started_ns;    // when the request should have started
  uint64_t sent_ns;       // when it did
  uint64_t last_event_ns; // 0: no event yet
  size_t sent_bytes;
  struct Response response;
  struct Client *next_idle;
};

static struct {
  uint16_t port;
  uint32_t connections;
  uint64_t requests; // 0: until the time is over
  double seconds;    // 0: until all requests are made
  double rate;       // 0: closed loop
  double ramp_s;
  double timeout_s;
  uint32_t cancel_after; // 0: never
  const char *path;
  const char *body_file;
  struct Buffer headers;
} options = {.connections = 16, .timeout_s = 30, .path = "/v1/chat/completions"};

static struct {
  uint64_t started;
  uint64_t answered;
  uint64_t cancelled;
  uint64_t failed; // no whole answer: the sum of the six below
  uint64_t refused, hung_up, reset, malformed, cut_off, timed_out;
  uint64_t not_200;
  uint64_t reconnects;
  uint64_t events, reads, bytes;
  uint64_t first_start_ns, last_end_ns;
  int first_status;
  char first_error[FIRST_ERROR_BYTES];
} tally;

static struct Histogram latency, first_event, event_gap, send_delay;
static struct Buffer request;
static struct Client *clients;
static struct Client *idle_first, *idle_last; // a queue: the connection that has rested longest goes first
static uint32_t connected;                    // clients that are idle or busy
static uint64_t arrivals;                     // open loop: requests whose intended start has come and that were sent
static uint64_t begin_ns, stop_ns, give_up_ns;
static uint64_t next_open_ns; // the earliest time at which a closed connection is to be opened
static int poller;
static char inbox[INBOX_BYTES];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// ---- When to start, when to stop ------------------------------------------------------------------------------------

static uint64_t finished(void) { return tally.answered + tally.cancelled + tally.failed; }

static bool may_start(uint64_t now) {
  if (options.requests && tally.started >= options.requests) return false;
  return now < stop_ns && tally.failed < FAILURES_MAX;
}

static bool is_over(uint64_t now) {
  if (now >= give_up_ns || tally.failed >= FAILURES_MAX) return true;
  return !may_start(now) && finished() >= tally.started;
}

static uint64_t intended_start_ns(uint64_t arrival) {
  return begin_ns + (uint64_t)((double)arrival * (double)NS_PER_S / options.rate);
}

// ---- Connections ----------------------------------------------------------------------------------------------------

static void watch(struct Client *client, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  if (epoll_ctl(poller, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void note_first_error(const char *text, size_t length) {
  if (tally.first_error[0]) return;
  if (length >= sizeof(tally.first_error)) length = sizeof(tally.first_error) - 1;
  for (size_t index = 0; index < length; index++) {
    const char byte = text[index];
    const bool is_plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
    tally.first_error[index] = is_plain ? byte : ' ';
  }
}

static void close_client(struct Client *client, uint64_t reopen_at_ns) {
  close(client->fd);
  if (client->state != STATE_CONNECTING) connected--;
  client->state = STATE_CLOSED;
  client->open_at_ns = reopen_at_ns;
  if (reopen_at_ns < next_open_ns) next_open_ns = reopen_at_ns;
}

static void count_failure(uint64_t *kind, const char *text) {
  tally.failed++;
  (*kind)++;
  note_first_error(text, strlen(text));
}

static void connection_refused(struct Client *client, uint64_t now) {
  tally.started++;
  count_failure(&tally.refused, "cannot connect");
  close_client(client, now + RECONNECT_PAUSE_NS);
}

static void open_client(struct Client *client, uint64_t now) {
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0) fail("socket");
  int on = 1;
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Pacing (BBR) costs CPU and has no meaning on loopback; where the choice is refused, the default will do.
  setsockopt(client->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  client->state = STATE_CONNECTING;
  client->has_sent_before = false;
  if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS) {
    connection_refused(client, now);
    return;
  }
  watch(client, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void open_due_clients(uint64_t now) {
  if (now < next_open_ns) return;
  next_open_ns = UINT64_MAX;
  for (uint32_t index = 0; index < options.connections; index++) {
    struct Client *client = &clients[index];
    if (client->state == STATE_CLOSED && client->open_at_ns <= now && may_start(now)) open_client(client, now);
    if (client->state == STATE_CLOSED && client->open_at_ns < next_open_ns) next_open_ns = client->open_at_ns;
  }
  if (next_open_ns <= now) next_open_ns = now + RECONNECT_PAUSE_NS;
}

// ---- Requests -------------------------------------------------------------------------------------------------------

static void send_request(struct Client *client) {
  while (client->sent_bytes < request.length) {
    ssize_t sent =
        send(client->fd, request.bytes + client->sent_bytes, request.length - client->sent_bytes, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      return; // a broken connection shows itself when it is read
    }
    client->sent_bytes += (size_t)sent;
  }
}

static void begin_request(struct Client *client, uint64_t intended_ns, uint64_t now) {
  if (tally.started++ == 0) tally.first_start_ns = now;
  client->state = STATE_BUSY;
  client->started_ns = intended_ns;
  client->sent_ns = now;
  client->last_event_ns = 0;
  client->sent_bytes = 0;
  client->response = (struct Response){0};
  if (options.rate) histogram_add(&send_delay, now - intended_ns);
  send_request(client);
  client->has_sent_before = true;
}

static void queue_idle(struct Client *client) {
  if (client->is_queued) return; // it was hung up on while it waited, and has been opened anew
  client->is_queued = true;
  client->next_idle = NULL;
  if (idle_last)
    idle_last->next_idle = client;
  else
    idle_first = client;
  idle_last = client;
}

static struct Client *take_idle(void) {
  while (idle_first) {
    struct Client *client = idle_first;
    idle_first = client->next_idle;
    if (!idle_first) idle_last = NULL;
    client->is_queued = false;
    if (client->state == STATE_IDLE) return client;
  }
  return NULL;
}

static void become_idle(struct Client *client, uint64_t now) {
  client->state = STATE_IDLE;
  if (options.rate)
    queue_idle(client);
  else if (may_start(now))
    begin_request(client, now, now);
}

static void start_due_arrivals(uint64_t now) {
  while (connected > 0 && may_start(now) && intended_start_ns(arrivals) <= now) {
    struct Client *client = take_idle();
    if (!client) return;
    begin_request(client, intended_start_ns(arrivals++), now);
  }
}

// ---- Answers --------------------------------------------------------------------------------------------------------

static void record_answer(struct Client *client, uint64_t now) {
  const struct Response *response = &client->response;
  tally.last_end_ns = now;
  if (!tally.first_status) tally.first_status = response->status;
  if (response->status == 200 && response->is_event_stream && !response->has_done_event) {
    count_failure(&tally.cut_off, "the stream ended without [DONE]");
    return;
  }
  tally.answered++;
  if (response->status != 200) tally.not_200++;
  histogram_add(&latency, now - client->started_ns);
}

static void record_events(struct Client *client, uint32_t events_before, uint64_t now) {
  const uint32_t new_events = client->response.events - events_before;
  if (new_events == 0) return;
  tally.events += new_events;
  if (client->last_event_ns)
    histogram_add(&event_gap, now - client->last_event_ns);
  else
    histogram_add(&first_event, now - client->started_ns);
  client->last_event_ns = now;
}

static void hang_up(struct Client *client, uint64_t now) {
  if (tally.cancelled++ % 2 == 0) {
    struct linger reset_at_close = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof(reset_at_close));
  }
  tally.last_end_ns = now;
  close_client(client, may_start(now) ? now : UINT64_MAX);
}

static void connection_lost(struct Client *client, ssize_t received, uint64_t now) {
  const enum State state = client->state;
  if (state == STATE_BUSY && received == 0 && client->response.stage == STAGE_UNTIL_CLOSE)
    record_answer(client, now);
  else if (state == STATE_BUSY && received == 0)
    count_failure(&tally.hung_up, client->has_sent_before ? "the server hung up" : "the server hung up at once");
  else if (state == STATE_BUSY)
    count_failure(&tally.reset, strerror(errno));
  tally.reconnects++;
  close_client(client, now);
}

static void end_of_answer(struct Client *client, enum Progress progress, bool has_rest, uint64_t now) {
  if (progress == RESPONSE_MALFORMED || has_rest) {
    count_failure(&tally.malformed, "the answer is not HTTP, or longer than it says");
    close_client(client, now);
    return;
  }
  record_answer(client, now);
  if (client->response.will_close) {
    tally.reconnects++;
    close_client(client, now);
  } else {
    become_idle(client, now);
  }
}

static void on_readable(struct Client *client) {
  ssize_t received = recv(client->fd, inbox, sizeof(inbox), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const uint64_t now = now_ns();
  if (received <= 0 || client->state != STATE_BUSY) {
    connection_lost(client, received, now);
    return;
  }
  tally.reads++;
  tally.bytes += (uint64_t)received;
  const uint32_t events_before = client->response.events;
  size_t used;
  enum Progress progress = response_feed(&client->response, inbox, (size_t)received, &used);
  if (client->response.status && client->response.status != 200) note_first_error(inbox, (size_t)received);
  record_events(client, events_before, now);
  if (progress != RESPONSE_PARTIAL)
    end_of_answer(client, progress, used < (size_t)received, now);
  else if (options.cancel_after && client->response.events >= options.cancel_after)
    hang_up(client, now);
}

// ---- The loop -------------------------------------------------------------------------------------------------------

static void on_connected(struct Client *client, uint32_t events) {
  const uint64_t now = now_ns();
  if (events & (EPOLLERR | EPOLLHUP)) {
    connection_refused(client, now);
    return;
  }
  connected++;
  watch(client, EPOLL_CTL_MOD, EPOLLIN);
  become_idle(client, now);
}

static void on_event(const struct epoll_event *event) {
  struct Client *client = event->data.ptr;
  if (client->state == STATE_CONNECTING) {
    on_connected(client, event->events);
    return;
  }
  if (event->events & EPOLLOUT) {
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
    send_request(client);
  }
  if (event->events & ~(uint32_t)EPOLLOUT) on_readable(client);
}

static void expire_late_requests(uint64_t now) {
  const uint64_t timeout_ns = (uint64_t)(options.timeout_s * (double)NS_PER_S);
  for (uint32_t index = 0; index < options.connections; index++) {
    struct Client *client = &clients[index];
    if (client->state != STATE_BUSY || now - client->sent_ns < timeout_ns) continue;
    count_failure(&tally.timed_out, "timed out");
    close_client(client, now);
  }
}

static struct timespec time_to_wait(uint64_t now, uint64_t expiry_at) {
  uint64_t wake_at = next_open_ns < expiry_at ? next_open_ns : expiry_at;
  if (options.rate && idle_first && may_start(now)) {
    const uint64_t next_start = intended_start_ns(arrivals);
    if (next_start < wake_at) wake_at = next_start;
  }
  return timespec_of(wake_at > now ? wake_at - now : 0);
}

static void run(void) {
  static struct epoll_event events[EVENTS_PER_WAIT];
  uint64_t expiry_at = 0;
  for (uint64_t now = now_ns(); !is_over(now); now = now_ns()) {
    open_due_clients(now);
    if (now >= expiry_at) {
      expire_late_requests(now);
      expiry_at = now + EXPIRY_INTERVAL_NS;
    }
    if (options.rate) start_due_arrivals(now);
    const struct timespec timeout = time_to_wait(now, expiry_at);
    int count = epoll_pwait2(poller, events, EVENTS_PER_WAIT, &timeout, NULL);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int index = 0; index < count; index++) on_event(&events[index]);
  }
}

// ---- Start and end --------------------------------------------------------------------------------------------------

static uint64_t cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static void print_result(void) {
  const double elapsed_s =
      tally.last_end_ns > tally.first_start_ns ? (double)(tally.last_end_ns - tally.first_start_ns) / 1e9 : 0.0;
  const uint64_t wanted = options.rate ? options.requests : tally.started;
  const uint64_t unfinished = wanted > finished() ? wanted - finished() : 0;
  printf("{\"requests\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"not_200\":%" PRIu64
         ",\"unfinished\":%" PRIu64,
         tally.answered, tally.cancelled, tally.failed + unfinished, tally.not_200, unfinished);
  printf(",\"refused\":%" PRIu64 ",\"hung_up\":%" PRIu64 ",\"reset\":%" PRIu64 ",\"malformed\":%" PRIu64
         ",\"cut_off\":%" PRIu64 ",\"timed_out\":%" PRIu64 ",\"reconnects\":%" PRIu64,
         tally.refused, tally.hung_up, tally.reset, tally.malformed, tally.cut_off, tally.timed_out, tally.reconnects);
  printf(",\"elapsed_s\":%.6f,\"requests_per_s\":%.1f,\"events\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"bytes\":%" PRIu64,
         elapsed_s, elapsed_s > 0 ? (double)(tally.answered + tally.cancelled) / elapsed_s : 0.0, tally.events,
         tally.reads, tally.bytes);
  printf(",\"generator_cpu_ns\":%" PRIu64 ",\"first_status\":%d,\"first_error\":\"%s\",", cpu_ns(), tally.first_status,
         tally.first_error);
  histogram_print_json(&latency, "latency_us", stdout);
  putchar(',');
  histogram_print_json(&first_event, "ttft_us", stdout);
  putchar(',');
  histogram_print_json(&event_gap, "event_gap_us", stdout);
  putchar(',');
  histogram_print_json(&send_delay, "send_delay_us", stdout);
  puts("}");
}

static void read_body(struct Buffer *body) {
  if (!options.body_file) return;
  FILE *file = fopen(options.body_file, "rb");
  if (!file) fail(options.body_file);
  for (size_t count; (count = fread(inbox, 1, sizeof(inbox), file)) > 0;) buffer_append(body, inbox, count);
  fclose(file);
}

static void compose_request(void) {
  struct Buffer body = {0};
  read_body(&body);
  char line[1024];
  int length = snprintf(line, sizeof(line), "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n",
                        options.body_file ? "POST" : "GET", options.path, options.port);
  if (length < 0 || (size_t)length >= sizeof(line)) exit(2);
  buffer_append(&request, line, (size_t)length);
  buffer_append(&request, options.headers.bytes, options.headers.length);
  if (options.body_file) {
    length = snprintf(line, sizeof(line), "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.length);
    buffer_append(&request, line, (size_t)length);
  }
  APPEND_LITERAL(&request, "\r\n");
  buffer_append(&request, body.bytes, body.length);
  buffer_release(&body);
}

static void add_header(const char *header) {
  buffer_append_text(&options.headers, header);
  APPEND_LITERAL(&options.headers, "\r\n");
}

static void usage(void) {
  fprintf(stderr,
          "usage: load --port N [--connections N] (--requests N | --seconds S) [--rate R] [--ramp S]\n"
          "            [--cancel-after EVENTS] [--path PATH] [--body FILE] [--header LINE]... [--timeout S]\n");
  exit(2);
}

static void read_options(int count, char **arguments) {
  static const struct option OPTIONS[] = {
      {"port", required_argument, NULL, 'p'},     {"connections", required_argument, NULL, 'c'},
      {"requests", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 's'},
      {"rate", required_argument, NULL, 'r'},     {"ramp", required_argument, NULL, 'R'},
      {"timeout", required_argument, NULL, 't'},  {"cancel-after", required_argument, NULL, 'x'},
      {"path", required_argument, NULL, 'P'},     {"body", required_argument, NULL, 'b'},
      {"header", required_argument, NULL, 'h'},   {0}};
  for (int option; (option = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1;) switch (option) {
      case 'p': options.port = (uint16_t)strtoul(optarg, NULL, 10); break;
      case 'c': options.connections = (uint32_t)strtoul(optarg, NULL, 10); break;
      case 'n': options.requests = strtoull(optarg, NULL, 10); break;
      case 's': options.seconds = strtod(optarg, NULL); break;
      case 'r': options.rate = strtod(optarg, NULL); break;
      case 'R': options.ramp_s = strtod(optarg, NULL); break;
      case 't': options.timeout_s = strtod(optarg, NULL); break;
      case 'x': options.cancel_after = (uint32_t)strtoul(optarg, NULL, 10); break;
      case 'P': options.path = optarg; break;
      case 'b': options.body_file = optarg; break;
      case 'h': add_header(optarg); break;
      default: usage();
    }
  const bool is_bounded = options.requests > 0 || options.seconds > 0;
  if (!options.port || !options.connections || !is_bounded || options.timeout_s <= 0) usage();
}

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (options.connections + 16 > limit.rlim_cur) {
    fprintf(stderr, "%u connections need more than the %lu descriptors allowed\n", options.connections,
            (unsigned long)limit.rlim_cur);
    exit(1);
  }
}

static void plan_run(void) {
  clients = calloc(options.connections, sizeof(*clients));
  if (!clients) fail("calloc");
  begin_ns = now_ns();
  // Open loop: the schedule starts when the connections stand.
  if (options.rate) begin_ns += 200 * NS_PER_MS;
  for (uint32_t index = 0; index < options.connections; index++) {
    const double share = (double)index / options.connections;
    clients[index].open_at_ns = options.rate ? 0 : begin_ns + (uint64_t)(share * options.ramp_s * (double)NS_PER_S);
  }
  stop_ns = options.seconds > 0 ? begin_ns + (uint64_t)(options.seconds * (double)NS_PER_S) : UINT64_MAX;
  if (options.rate && options.seconds > 0) {
    // Every start that falls into the time is made, however late: what a stalled server held up must not be left out.
    options.requests = (uint64_t)(options.rate * options.seconds);
    stop_ns = UINT64_MAX;
  }
  // With a number of requests only, the run is bounded by the time-outs: at least one request ends in each.
  const double longest_s = options.seconds > 0 ? options.seconds : options.ramp_s + 3600;
  give_up_ns = begin_ns + (uint64_t)((longest_s + options.timeout_s + 1) * (double)NS_PER_S);
}

int main(int argument_count, char **arguments) {
  read_options(argument_count, arguments);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1000); // the default of 50 us would show as latency in the open loop
  raise_descriptor_limit();
  compose_request();
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) fail("epoll_create1");
  plan_run();
  run();
  print_result();
  return 0;
}
