"""What `benchmarks.micro` times: one file for each part of the hot path, each with a function `cases()`."""
