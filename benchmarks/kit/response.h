// An incremental reader of HTTP/1.1 responses that counts server-sent events as they pass.
#ifndef STELLWERK_KIT_RESPONSE_H
#define STELLWERK_KIT_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_BYTES 96 // what is kept of a line: enough for every header that matters here
#define EVENT_LINE_BYTES 16

enum Stage {
  STAGE_STATUS,
  STAGE_HEADER,
  STAGE_LENGTH_BODY,
  STAGE_UNTIL_CLOSE,
  STAGE_CHUNK_SIZE,
  STAGE_CHUNK_DATA,
  STAGE_CHUNK_END,
  STAGE_TRAILER
};

enum Progress { RESPONSE_PARTIAL, RESPONSE_WHOLE, RESPONSE_MALFORMED };

struct Response {
  enum Stage stage;
  int status;
  bool is_chunked;
  bool has_length;
  bool is_event_stream;
  bool will_close;
  bool has_done_event; // `data: [DONE]` was seen, so the stream is not cut off
  uint32_t events;
  uint64_t remaining; // bytes of the body, or of the current chunk
  uint16_t line_length;
  uint16_t event_line_length;
  char line[LINE_BYTES];
  char event_line[EVENT_LINE_BYTES];
};

// ---- Events ---------------------------------------------------------------------------------------------------------

static inline void response_end_event_line(struct Response *response) {
  const char *line = response->event_line;
  if (response->event_line_length >= 5 && memcmp(line, "data:", 5) == 0) {
    response->events++;
    const char *value = line + (line[5] == ' ' ? 6 : 5);
    if (memcmp(value, "[DONE]", 6) == 0) response->has_done_event = true;
  }
  response->event_line_length = 0;
  memset(response->event_line, 0, sizeof(response->event_line));
}

// Only the start of each line is kept, also when the line comes in pieces.
static inline void response_read_events(struct Response *response, const char *bytes, size_t length) {
  const char *end = bytes + length;
  while (bytes < end) {
    const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
    size_t part = (size_t)((line_end ? line_end : end) - bytes);
    size_t room = sizeof(response->event_line) - response->event_line_length;
    size_t kept = part < room ? part : room;
    memcpy(response->event_line + response->event_line_length, bytes, kept);
    response->event_line_length += (uint16_t)kept;
    if (!line_end) return;
    response_end_event_line(response);
    bytes = line_end + 1;
  }
}

// ---- Framing --------------------------------------------------------------------------------------------------------

static inline const char *response_header(const struct Response *response, const char *name) {
  size_t length = strlen(name);
  if (strncasecmp(response->line, name, length) != 0 || response->line[length] != ':') return NULL;
  const char *value = response->line + length + 1;
  return value + strspn(value, " \t");
}

static inline void response_read_header(struct Response *response) {
  const char *value;
  if ((value = response_header(response, "content-length"))) {
    response->has_length = true;
    response->remaining = strtoull(value, NULL, 10);
  } else if ((value = response_header(response, "transfer-encoding"))) {
    response->is_chunked = strncasecmp(value, "chunked", 7) == 0;
  } else if ((value = response_header(response, "content-type"))) {
    response->is_event_stream = strncasecmp(value, "text/event-stream", 17) == 0;
  } else if ((value = response_header(response, "connection"))) {
    response->will_close = strncasecmp(value, "close", 5) == 0;
  }
}

static inline enum Progress response_begin_body(struct Response *response) {
  if (response->is_chunked) {
    response->stage = STAGE_CHUNK_SIZE;
  } else if (response->has_length) {
    response->stage = STAGE_LENGTH_BODY;
    if (response->remaining == 0) return RESPONSE_WHOLE;
  } else {
    response->stage = STAGE_UNTIL_CLOSE;
    response->will_close = true;
  }
  return RESPONSE_PARTIAL;
}

static inline enum Progress response_end_line(struct Response *response) {
  const bool is_empty = response->line[0] == '\0' || response->line[0] == '\r';
  switch (response->stage) {
    case STAGE_STATUS:
      if (strncmp(response->line, "HTTP/1.", 7) != 0) return RESPONSE_MALFORMED;
      response->status = atoi(response->line + 9);
      response->stage = STAGE_HEADER;
      return RESPONSE_PARTIAL;
    case STAGE_HEADER:
      if (is_empty) return response_begin_body(response);
      response_read_header(response);
      return RESPONSE_PARTIAL;
    case STAGE_CHUNK_SIZE:
      if (is_empty) return RESPONSE_MALFORMED;
      response->remaining = strtoull(response->line, NULL, 16);
      response->stage = response->remaining ? STAGE_CHUNK_DATA : STAGE_TRAILER;
      return RESPONSE_PARTIAL;
    case STAGE_CHUNK_END: response->stage = STAGE_CHUNK_SIZE; return is_empty ? RESPONSE_PARTIAL : RESPONSE_MALFORMED;
    default: // STAGE_TRAILER
      return is_empty ? RESPONSE_WHOLE : RESPONSE_PARTIAL;
  }
}

// Takes bytes up to the end of the current line; acts on the line when its end is there.
static inline enum Progress response_read_line(struct Response *response, const char *bytes, size_t length,
                                               size_t *used) {
  const char *line_end = memchr(bytes, '\n', length);
  size_t part = line_end ? (size_t)(line_end - bytes) : length;
  size_t room = sizeof(response->line) - 1 - response->line_length;
  size_t kept = part < room ? part : room;
  memcpy(response->line + response->line_length, bytes, kept);
  response->line_length += (uint16_t)kept;
  *used = line_end ? part + 1 : part;
  if (!line_end) return RESPONSE_PARTIAL;
  response->line[response->line_length] = '\0';
  response->line_length = 0;
  return response_end_line(response);
}

static inline size_t response_read_body(struct Response *response, const char *bytes, size_t length) {
  const bool is_bounded = response->stage != STAGE_UNTIL_CLOSE;
  size_t part = is_bounded && response->remaining < length ? (size_t)response->remaining : length;
  if (response->is_event_stream) response_read_events(response, bytes, part);
  if (is_bounded) response->remaining -= part;
  return part;
}

// Reads on from where the last call stopped; `used` is how many bytes belong to this response.
static inline enum Progress response_feed(struct Response *response, const char *bytes, size_t length, size_t *used) {
  enum Progress progress = RESPONSE_PARTIAL;
  *used = 0;
  while (*used < length && progress == RESPONSE_PARTIAL) {
    size_t part = 0;
    switch (response->stage) {
      case STAGE_LENGTH_BODY:
        part = response_read_body(response, bytes + *used, length - *used);
        if (response->remaining == 0) progress = RESPONSE_WHOLE;
        break;
      case STAGE_CHUNK_DATA:
        part = response_read_body(response, bytes + *used, length - *used);
        if (response->remaining == 0) response->stage = STAGE_CHUNK_END;
        break;
      case STAGE_UNTIL_CLOSE: part = response_read_body(response, bytes + *used, length - *used); break;
      default: progress = response_read_line(response, bytes + *used, length - *used, &part);
    }
    *used += part;
  }
  return progress;
}

#endif
