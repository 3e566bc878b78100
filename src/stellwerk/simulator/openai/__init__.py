"""The OpenAI dialect of the simulator: ``request`` and ``prompt`` read, the other files write."""
