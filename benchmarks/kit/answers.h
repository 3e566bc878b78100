// The bytes of the mock's answers, in the shapes of the OpenAI API.
#ifndef STELLWERK_KIT_ANSWERS_H
#define STELLWERK_KIT_ANSWERS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "plan.h"

#define PROMPT_TOKENS 118
#define COMPLETION_TOKENS 96
#define EMBEDDING_DIMENSIONS 128

static const char PROSE[] =
    "A signal box sets the route before the train arrives and locks every switch along it until the last axle has "
    "passed, so that two trains can never claim the same stretch of track at once. ";

static const char *const WORDS[] = {" signal", " box", " route", " lever",    " track", " lamp",
                                    " switch", " bay", " guard", " platform", " clear", " stop"};

// Text, embedding and event vary in length, so each answer is composed here first and framed afterwards.
static struct Buffer composed;

static inline void append_head(struct Buffer *out, uint32_t status, size_t body_length) {
  char head[256];
  const char *retry_after = status == 429 ? "retry-after: 1\r\n" : "";
  int length = snprintf(head, sizeof(head),
                        "HTTP/1.1 %u %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
                        "x-request-id: req_mock\r\n%s\r\n",
                        status, status == 200 ? "OK" : "Refused", body_length, retry_after);
  buffer_append(out, head, (size_t)length);
}

static inline void append_json_answer(struct Buffer *out, uint32_t status) {
  append_head(out, status, composed.length);
  buffer_append(out, composed.bytes, composed.length);
  composed.length = 0;
}

static inline void append_text(struct Buffer *out, size_t size) {
  for (size_t left = size; left > 0;) {
    size_t part = left < sizeof(PROSE) - 1 ? left : sizeof(PROSE) - 1;
    buffer_append(out, PROSE, part);
    left -= part;
  }
}

static inline void compose_completion(uint32_t size) {
  APPEND_LITERAL(&composed,
                 "{\"id\":\"chatcmpl-mock000000000001\",\"object\":\"chat.completion\",\"created\":1767225600,"
                 "\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                 "\"content\":\"");
  append_text(&composed, size);
  char usage[512];
  int length = snprintf(usage, sizeof(usage),
                        "\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                        "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,"
                        "\"prompt_tokens_details\":{\"cached_tokens\":0},"
                        "\"completion_tokens_details\":{\"reasoning_tokens\":0}},"
                        "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\"}",
                        PROMPT_TOKENS, COMPLETION_TOKENS, PROMPT_TOKENS + COMPLETION_TOKENS);
  buffer_append(&composed, usage, (size_t)length);
}

// A run asks for one size over and over, so the last answer is kept ready to send.
static inline void append_completion(struct Buffer *out, uint32_t size) {
  static struct Buffer ready;
  static uint32_t ready_size;
  if (ready.length == 0 || ready_size != size) {
    ready.length = 0;
    ready_size = size;
    compose_completion(size);
    append_json_answer(&ready, 200);
  }
  buffer_append(out, ready.bytes, ready.length);
}

static inline void append_embedding(struct Buffer *out) {
  APPEND_LITERAL(&composed,
                 "{\"object\":\"list\",\"model\":\"text-embedding-3-small\",\"data\":[{\"object\":"
                 "\"embedding\",\"index\":0,\"embedding\":[");
  for (int dimension = 0; dimension < EMBEDDING_DIMENSIONS; dimension++) {
    char number[32];
    int thousandths = (dimension * 61) % 199 - 99;
    int length = snprintf(number, sizeof(number), "%s%.6f", dimension ? "," : "", thousandths / 1000.0);
    buffer_append(&composed, number, (size_t)length);
  }
  APPEND_LITERAL(&composed, "]}],\"usage\":{\"prompt_tokens\":118,\"total_tokens\":118}}");
  append_json_answer(out, 200);
}

static inline void append_error(struct Buffer *out, uint32_t status) {
  char error[192];
  int length = snprintf(error, sizeof(error),
                        "{\"error\":{\"message\":\"The mock was asked for status %u.\",\"type\":\"mock_error\","
                        "\"param\":null,\"code\":\"mock_%u\"}}",
                        status, status);
  buffer_append(&composed, error, (size_t)length);
  append_json_answer(out, status);
}

static inline void append_models(struct Buffer *out) {
  APPEND_LITERAL(&composed,
                 "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\",\"object\":\"model\",\"created\":1767225600,"
                 "\"owned_by\":\"mock\"}]}");
  append_json_answer(out, 200);
}

static inline void append_whole_answer(struct Buffer *out, const struct Plan *plan) {
  if (plan->status != 200)
    append_error(out, plan->status);
  else if (plan->endpoint == ENDPOINT_EMBEDDINGS)
    append_embedding(out);
  else if (plan->endpoint == ENDPOINT_CHAT)
    append_completion(out, plan->size);
  else
    append_models(out);
}

static inline void append_stream_head(struct Buffer *out) {
  APPEND_LITERAL(out,
                 "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
                 "transfer-encoding: chunked\r\nx-request-id: req_mock\r\n\r\n");
}

// One server-sent event, in an HTTP chunk of its own.
static inline void append_event(struct Buffer *out, const char *event, size_t length) {
  char size[16];
  int size_length = snprintf(size, sizeof(size), "%zx\r\n", length);
  buffer_append(out, size, (size_t)size_length);
  buffer_append(out, event, length);
  APPEND_LITERAL(out, "\r\n");
}

#define EVENT_START                                                                                          \
  "data: {\"id\":\"chatcmpl-mock000000000001\",\"object\":\"chat.completion.chunk\",\"created\":1767225600," \
  "\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\","

static inline void append_content_event(struct Buffer *out, const struct Plan *plan, uint32_t index) {
  char event[512];
  int length = snprintf(event, sizeof(event),
                        EVENT_START
                        "\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"%s\"},"
                        "\"logprobs\":null,\"finish_reason\":null}]%s}\n\n",
                        index == 0 ? "\"role\":\"assistant\"," : "", WORDS[index % (sizeof(WORDS) / sizeof(WORDS[0]))],
                        plan->wants_usage ? ",\"usage\":null" : "");
  append_event(out, event, (size_t)length);
}

static inline void append_stream_end(struct Buffer *out, const struct Plan *plan) {
  char event[640];
  int length = snprintf(event, sizeof(event),
                        EVENT_START
                        "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                        "\"finish_reason\":\"stop\"}]%s}\n\n",
                        plan->wants_usage ? ",\"usage\":null" : "");
  append_event(out, event, (size_t)length);
  if (plan->wants_usage) {
    length = snprintf(event, sizeof(event),
                      EVENT_START
                      "\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%u,"
                      "\"total_tokens\":%u,\"prompt_tokens_details\":{\"cached_tokens\":0},"
                      "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\n",
                      PROMPT_TOKENS, plan->chunks, PROMPT_TOKENS + plan->chunks);
    append_event(out, event, (size_t)length);
  }
  APPEND_LITERAL(out, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
}

#endif
