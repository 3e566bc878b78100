"""Rules that tell two alike questions apart: each says why one answer cannot serve both."""
