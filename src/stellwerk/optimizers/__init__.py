"""Prompt optimizers: one interchangeable step each."""
