"""Values and mathematics of the platform: no I/O, no clock, no randomness, no event loop."""
