"""The control plane: keys, scopes, limits and budgets behind an HTTP API, kept in a database, told to the workers."""
