// Finds one HTTP/1.1 request at the start of a run of bytes: head, and body by Content-Length or in chunks.
//
// It trusts its peer (a gateway under test on loopback) and checks only what framing needs.
#ifndef STELLWERK_KIT_REQUEST_H
#define STELLWERK_KIT_REQUEST_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQUEST_BYTES_MAX (16u << 20)

enum Framing { FRAMING_WHOLE, FRAMING_PARTIAL, FRAMING_MALFORMED };

struct Request {
  const char *target;
  size_t target_length;
  bool is_get;
  bool wants_close;
  bool is_chunked;
  char *body;
  size_t body_length;
  size_t total_length; // head and body as they came
};

// The value of a header line when its name matches, else NULL.
static inline const char *header_value(const char *line, size_t length, const char *name, size_t name_length) {
  if (length <= name_length || line[name_length] != ':' || strncasecmp(line, name, name_length) != 0) return NULL;
  const char *value = line + name_length + 1;
  while (value < line + length && (*value == ' ' || *value == '\t')) value++;
  return value;
}

#define HEADER_VALUE(line, length, name) header_value((line), (length), (name), sizeof(name) - 1)

static inline void read_header_line(struct Request *request, const char *line, size_t length) {
  const char *value;
  switch (line[0] | 0x20) {
    case 'c':
      if ((value = HEADER_VALUE(line, length, "content-length")))
        request->body_length = strtoul(value, NULL, 10);
      else if ((value = HEADER_VALUE(line, length, "connection")))
        request->wants_close = strncasecmp(value, "close", 5) == 0;
      break;
    case 't':
      if ((value = HEADER_VALUE(line, length, "transfer-encoding")))
        request->is_chunked = strncasecmp(value, "chunked", 7) == 0;
      break;
    default: break;
  }
}

static inline bool read_request_line(struct Request *request, const char *line, size_t length) {
  const char *space = memchr(line, ' ', length);
  if (!space) return false;
  request->is_get = strncmp(line, "GET ", 4) == 0;
  request->target = space + 1;
  const char *target_end = memchr(request->target, ' ', length - (size_t)(request->target - line));
  if (!target_end) return false;
  request->target_length = (size_t)(target_end - request->target);
  return true;
}

// Moves the data of all chunks together, to the front; sets body_length and total_length.
// Nothing is moved until the last chunk is there, so a partial body can be read again later.
static inline enum Framing read_chunked_body(struct Request *request, char *body, size_t available,
                                             size_t head_length) {
  size_t moved = 0;
  for (int pass = 0; pass < 2; pass++) {
    size_t offset = 0;
    for (size_t size = 1; size > 0;) {
      char *line_end = memchr(body + offset, '\n', available - offset);
      if (!line_end) return FRAMING_PARTIAL;
      size = strtoul(body + offset, NULL, 16);
      size_t data = (size_t)(line_end - body) + 1;
      if (size > REQUEST_BYTES_MAX) return FRAMING_MALFORMED;
      if (data + size + 2 > available) return FRAMING_PARTIAL;
      if (pass == 1) {
        memmove(body + moved, body + data, size);
        moved += size;
      }
      offset = data + size + 2;
    }
    request->total_length = head_length + offset;
  }
  request->body = body;
  request->body_length = moved;
  return FRAMING_WHOLE;
}

static inline enum Framing read_request(char *bytes, size_t length, struct Request *request) {
  *request = (struct Request){0};
  char *head_end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!head_end) return length > REQUEST_BYTES_MAX ? FRAMING_MALFORMED : FRAMING_PARTIAL;

  char *line = bytes;
  for (char *line_end; line <= head_end; line = line_end + 2) {
    line_end = memchr(line, '\r', (size_t)(head_end - line) + 1);
    size_t line_length = (size_t)(line_end - line);
    if (line == bytes) {
      if (!read_request_line(request, line, line_length)) return FRAMING_MALFORMED;
    } else {
      read_header_line(request, line, line_length);
    }
  }

  size_t head_length = (size_t)(head_end - bytes) + 4;
  if (request->body_length > REQUEST_BYTES_MAX) return FRAMING_MALFORMED;
  if (request->is_chunked) return read_chunked_body(request, bytes + head_length, length - head_length, head_length);
  request->body = bytes + head_length;
  request->total_length = head_length + request->body_length;
  return request->total_length <= length ? FRAMING_WHOLE : FRAMING_PARTIAL;
}

#endif
