// A growable run of bytes.
#ifndef STELLWERK_KIT_BUFFER_H
#define STELLWERK_KIT_BUFFER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Buffer {
  char *bytes;
  size_t length;
  size_t capacity;
};

#define APPEND_LITERAL(buffer, literal) buffer_append((buffer), (literal), sizeof(literal) - 1)

static inline void buffer_reserve(struct Buffer *buffer, size_t extra) {
  size_t needed = buffer->length + extra;
  if (needed <= buffer->capacity) return;
  size_t capacity = buffer->capacity ? buffer->capacity : 1024;
  while (capacity < needed) capacity *= 2;
  char *bytes = realloc(buffer->bytes, capacity);
  if (!bytes) {
    fprintf(stderr, "out of memory (%zu bytes)\n", capacity);
    exit(1);
  }
  buffer->bytes = bytes;
  buffer->capacity = capacity;
}

static inline void buffer_append(struct Buffer *buffer, const char *bytes, size_t length) {
  if (length == 0) return;
  buffer_reserve(buffer, length);
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static inline void buffer_append_text(struct Buffer *buffer, const char *text) {
  buffer_append(buffer, text, strlen(text));
}

static inline void buffer_release(struct Buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct Buffer){0};
}

// Thousands of idle connections must not each keep a buffer, so an emptied one gives its memory back.
static inline void buffer_discard_front(struct Buffer *buffer, size_t count) {
  buffer->length -= count;
  if (buffer->length == 0)
    buffer_release(buffer);
  else
    memmove(buffer->bytes, buffer->bytes + count, buffer->length);
}

#endif
