"""The shelf of prompt optimizers: one file, one way to say the same in fewer tokens."""
