// Durations in nanoseconds, counted in buckets that are at most 1/512 wide: bounded memory, percentiles within 0.2 %.
#ifndef STELLWERK_KIT_HISTOGRAM_H
#define STELLWERK_KIT_HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define SUBBUCKET_BITS 9
#define SUBBUCKETS (1u << SUBBUCKET_BITS)
#define OCTAVES 34 // up to 2^42 ns, over an hour

struct Histogram {
  uint64_t count;
  uint64_t sum_ns;
  uint64_t max_ns;
  uint32_t buckets[(OCTAVES + 1) * SUBBUCKETS];
};

// Values below SUBBUCKETS have a bucket each; above, every power of two is cut in SUBBUCKETS equal parts.
static inline size_t histogram_bucket(uint64_t ns) {
  if (ns < SUBBUCKETS) return ns;
  unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - SUBBUCKET_BITS;
  if (shift >= OCTAVES) return (OCTAVES + 1) * SUBBUCKETS - 1;
  return (shift + 1) * SUBBUCKETS + ((ns >> shift) - SUBBUCKETS);
}

static inline uint64_t histogram_bucket_middle_ns(size_t bucket) {
  if (bucket < SUBBUCKETS) return bucket;
  unsigned shift = (unsigned)(bucket / SUBBUCKETS) - 1;
  uint64_t start = (uint64_t)(SUBBUCKETS + bucket % SUBBUCKETS) << shift;
  return start + ((1ull << shift) >> 1);
}

static inline void histogram_add(struct Histogram *histogram, uint64_t ns) {
  histogram->count++;
  histogram->sum_ns += ns;
  if (ns > histogram->max_ns) histogram->max_ns = ns;
  histogram->buckets[histogram_bucket(ns)]++;
}

// The smallest value that at least this share of the values does not exceed; 0 when there are none.
static inline uint64_t histogram_percentile_ns(const struct Histogram *histogram, double share) {
  const double rank = share * (double)histogram->count;
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < (OCTAVES + 1) * SUBBUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen > 0 && (double)seen >= rank) return histogram_bucket_middle_ns(bucket);
  }
  return 0;
}

static inline void histogram_print_json(const struct Histogram *histogram, const char *name, FILE *out) {
  const double mean_ns = histogram->count ? (double)histogram->sum_ns / (double)histogram->count : 0.0;
  fprintf(
      out,
      "\"%s\":{\"count\":%" PRIu64 ",\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
      name, histogram->count, mean_ns / 1e3, (double)histogram_percentile_ns(histogram, 0.50) / 1e3,
      (double)histogram_percentile_ns(histogram, 0.90) / 1e3, (double)histogram_percentile_ns(histogram, 0.99) / 1e3,
      (double)histogram_percentile_ns(histogram, 0.999) / 1e3, (double)histogram->max_ns / 1e3);
}

#endif
