"""OpenAI's Responses as a simulated provider speaks them, beside its chat completions."""
