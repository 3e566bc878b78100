// Deadlines in a binary heap, the earliest first; owners embed a `struct Deadline`.
#ifndef STELLWERK_KIT_DEADLINES_H
#define STELLWERK_KIT_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOT_SCHEDULED SIZE_MAX

struct Deadline {
  uint64_t due_ns;
  size_t slot; // index in the heap, or NOT_SCHEDULED
  void *owner;
};

struct DeadlineHeap {
  struct Deadline **slots;
  size_t count;
  size_t capacity;
};

static inline void heap_place(struct DeadlineHeap *heap, struct Deadline *deadline, size_t slot) {
  heap->slots[slot] = deadline;
  deadline->slot = slot;
}

static inline void heap_raise(struct DeadlineHeap *heap, size_t slot) {
  struct Deadline *rising = heap->slots[slot];
  while (slot > 0) {
    size_t parent = (slot - 1) / 2;
    if (heap->slots[parent]->due_ns <= rising->due_ns) break;
    heap_place(heap, heap->slots[parent], slot);
    slot = parent;
  }
  heap_place(heap, rising, slot);
}

static inline void heap_sink(struct DeadlineHeap *heap, size_t slot) {
  struct Deadline *sinking = heap->slots[slot];
  for (size_t child; (child = 2 * slot + 1) < heap->count; slot = child) {
    if (child + 1 < heap->count && heap->slots[child + 1]->due_ns < heap->slots[child]->due_ns) child++;
    if (heap->slots[child]->due_ns >= sinking->due_ns) break;
    heap_place(heap, heap->slots[child], slot);
  }
  heap_place(heap, sinking, slot);
}

static inline void deadline_schedule(struct DeadlineHeap *heap, struct Deadline *deadline) {
  if (heap->count == heap->capacity) {
    heap->capacity = heap->capacity ? heap->capacity * 2 : 256;
    heap->slots = realloc(heap->slots, heap->capacity * sizeof(*heap->slots));
    if (!heap->slots) {
      fprintf(stderr, "out of memory (%zu deadlines)\n", heap->capacity);
      exit(1);
    }
  }
  heap_place(heap, deadline, heap->count++);
  heap_raise(heap, deadline->slot);
}

static inline void deadline_cancel(struct DeadlineHeap *heap, struct Deadline *deadline) {
  size_t slot = deadline->slot;
  if (slot == NOT_SCHEDULED) return;
  deadline->slot = NOT_SCHEDULED;
  struct Deadline *last = heap->slots[--heap->count];
  if (last == deadline) return;
  heap_place(heap, last, slot);
  heap_raise(heap, slot);
  heap_sink(heap, last->slot);
}

// Takes the earliest deadline out of the heap when it is due; NULL when none is.
static inline struct Deadline *deadline_take_due(struct DeadlineHeap *heap, uint64_t now) {
  if (heap->count == 0 || heap->slots[0]->due_ns > now) return NULL;
  struct Deadline *due = heap->slots[0];
  deadline_cancel(heap, due);
  return due;
}

#endif
