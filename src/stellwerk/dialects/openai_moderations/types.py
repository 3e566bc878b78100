"""Words of the dialect."""

DIALECT = "openai_moderations"
"""The name of the dialect."""
DEFAULT_MODEL = "omni-moderation-latest"
"""What is asked where the caller names no model: OpenAI's own default."""
