"""Words of the dialect."""

DIALECT = "rerank"
"""The name of the dialect."""
