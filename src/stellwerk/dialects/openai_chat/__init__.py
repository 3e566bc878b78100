"""The OpenAI chat completions dialect, as OpenAI and the many hosts that follow it speak it."""
