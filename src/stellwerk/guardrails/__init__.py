"""The shelf of checks: one file, one check."""
