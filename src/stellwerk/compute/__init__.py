"""The host's compute process: what costs more than a millisecond of CPU, done where no request has to wait for it."""
