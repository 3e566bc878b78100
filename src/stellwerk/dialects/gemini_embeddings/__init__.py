"""Embeddings as Gemini speaks of them: one text, or a batch of requests."""
