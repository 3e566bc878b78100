"""Texts with our own notations written out again."""

from __future__ import annotations

from stellwerk.text import json_table, log_patterns


def decoded(text: str) -> str:
    """The text with tables as JSON and logs line by line; everything else as it is."""
    return json_table.decoded(log_patterns.decoded(text))
