"""Optimizers put together: which of them a text goes through, and what comes of it."""
