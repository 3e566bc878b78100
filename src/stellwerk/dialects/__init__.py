"""Wire formats of providers and callers: pure translations between bytes and values."""
