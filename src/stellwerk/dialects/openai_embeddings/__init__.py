"""The OpenAI embeddings dialect."""
