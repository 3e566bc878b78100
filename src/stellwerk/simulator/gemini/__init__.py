"""The Gemini dialect of the simulator: ``request`` and what it imports read, the other files write."""
