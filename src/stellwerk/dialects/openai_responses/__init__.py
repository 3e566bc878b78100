"""The OpenAI Responses dialect: requests of items, replies of items, streams of typed events."""
