"""Paths that callers use, one file per dialect and one for operation."""
