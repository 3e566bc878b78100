"""Caches that lie outside of the process: a tier in memory before a store, which two threads ask and write to."""
