// What one request asks of the mock: its endpoint, and markers in the body such as [[delay=60]].
//
// Markers stand in the text of a message, so every gateway carries them to the mock unchanged:
//   [[delay=60]]    ms before the first byte of the answer
//   [[chunks=64]]   content events of a stream
//   [[gap=5]]       ms between two of them; 0 sends the whole stream at once
//   [[size=600]]    bytes of text in a whole answer
//   [[status=429]]  an error with this status instead of an answer
#ifndef STELLWERK_KIT_PLAN_H
#define STELLWERK_KIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

#define TEXT_BYTES_MAX (8u << 20)

enum Endpoint { ENDPOINT_STATS, ENDPOINT_MODELS, ENDPOINT_CHAT, ENDPOINT_EMBEDDINGS, ENDPOINT_UNKNOWN };

struct Plan {
  enum Endpoint endpoint;
  bool is_stream;
  bool wants_usage;
  uint32_t delay_ms;
  uint32_t chunks;
  uint32_t gap_ms;
  uint32_t size;
  uint32_t status;
};

struct Marker {
  const char *name;
  size_t offset;
  uint32_t minimum;
  uint32_t maximum;
};

static const struct Marker MARKERS[] = {
    {"delay=", offsetof(struct Plan, delay_ms), 0, 600000}, {"chunks=", offsetof(struct Plan, chunks), 1, 10000000},
    {"gap=", offsetof(struct Plan, gap_ms), 0, 600000},     {"size=", offsetof(struct Plan, size), 0, TEXT_BYTES_MAX},
    {"status=", offsetof(struct Plan, status), 200, 599},
};

static inline void apply_marker(struct Plan *plan, const char *text, size_t length) {
  for (size_t index = 0; index < sizeof(MARKERS) / sizeof(MARKERS[0]); index++) {
    const struct Marker *marker = &MARKERS[index];
    size_t name_length = strlen(marker->name);
    if (length <= name_length || memcmp(text, marker->name, name_length) != 0) continue;
    unsigned long value = strtoul(text + name_length, NULL, 10);
    if (value < marker->minimum) value = marker->minimum;
    if (value > marker->maximum) value = marker->maximum;
    *(uint32_t *)((char *)plan + marker->offset) = (uint32_t)value;
    return;
  }
}

// memmem() walks byte by byte; hopping between the rare first bytes is several times faster on a body of prose.
static inline const char *find(const char *bytes, const char *end, const char *needle, size_t length) {
  while ((size_t)(end - bytes) >= length && (bytes = memchr(bytes, needle[0], (size_t)(end - bytes) - length + 1))) {
    if (memcmp(bytes, needle, length) == 0) return bytes;
    bytes++;
  }
  return NULL;
}

#define FIND(bytes, end, literal) find((bytes), (end), (literal), sizeof(literal) - 1)

static inline void read_markers(struct Plan *plan, const char *body, const char *end) {
  for (const char *open; (open = FIND(body, end, "[[")); body = open + 2) {
    const char *close = FIND(open, end, "]]");
    if (!close) return;
    apply_marker(plan, open + 2, (size_t)(close - open - 2));
  }
}

// Inside a JSON string the quotes would be escaped, so this finds only the member itself.
static inline bool asks_for_stream(const char *body, const char *end) {
  static const char NAME[] = "\"stream\"";
  const char *value = FIND(body, end, NAME);
  if (!value) return false;
  for (value += sizeof(NAME) - 1; value < end && (*value == ' ' || *value == ':'); value++) continue;
  return value < end && *value == 't';
}

static inline bool target_ends_with(const struct Request *request, const char *suffix) {
  size_t length = strlen(suffix);
  return request->target_length >= length &&
         memcmp(request->target + request->target_length - length, suffix, length) == 0;
}

static inline enum Endpoint endpoint_of(const struct Request *request) {
  if (request->is_get) return target_ends_with(request, "/__stats") ? ENDPOINT_STATS : ENDPOINT_MODELS;
  if (target_ends_with(request, "/chat/completions")) return ENDPOINT_CHAT;
  if (target_ends_with(request, "/embeddings")) return ENDPOINT_EMBEDDINGS;
  return ENDPOINT_UNKNOWN;
}

static inline struct Plan plan_of(const struct Request *request) {
  struct Plan plan = {.endpoint = endpoint_of(request), .chunks = 64, .size = 600, .status = 200};
  if (plan.endpoint == ENDPOINT_UNKNOWN) plan.status = 404;
  if (request->is_get || request->body_length == 0) return plan;
  const char *body = request->body, *end = body + request->body_length;
  plan.is_stream = plan.endpoint == ENDPOINT_CHAT && asks_for_stream(body, end);
  plan.wants_usage = plan.is_stream && FIND(body, end, "\"include_usage\"");
  read_markers(&plan, body, end);
  if (plan.status != 200) plan.is_stream = false;
  return plan;
}

#endif
