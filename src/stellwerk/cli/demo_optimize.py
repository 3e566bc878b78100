"""A step of the demo: a list of objects goes out as a table, in fewer tokens."""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI

STOCK = json.dumps([{"id": n, "name": f"lamp {n}", "stock": n * 7, "colour": "green"} for n in range(24)], indent=1)


def shorten(client: OpenAI) -> str:
    """What was saved. Raises ``AssertionError`` where it is not what should be."""
    question: Any = [{"role": "user", "content": f"How many lamps are there?\n{STOCK}"}]
    plain = client.chat.completions.create(model="smart", messages=question)
    raw = client.chat.completions.with_raw_response.create(model="thrifty", messages=question)
    told = raw.headers.get("x-stellwerk-optimize", "")
    before, after = (answer.usage.prompt_tokens if answer.usage else 0 for answer in (plain, raw.parse()))
    if "json_table" not in told or not 0 < after < before / 2:
        raise AssertionError(f"{told!r}: {before} tokens became {after}")
    return f"a list of lamps went out as a table: {before} tokens became {after} ({told})"
