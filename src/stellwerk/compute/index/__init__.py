"""The index of vectors: what lies close to a vector, within one scope, in memory that is bounded."""
