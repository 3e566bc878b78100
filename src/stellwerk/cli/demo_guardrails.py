"""A step of the demo: a provider gets stand-ins for personal data, and a secret does not leave at all."""

from __future__ import annotations

from typing import Any

from openai import BadRequestError, OpenAI

MAIL = "erika.mustermann@example.com"
KEY = "sk-proj-" + "demo0Key" * 5
HEARD = f"Dear Erika Mustermann, we write to {MAIL}."


def guard(client: OpenAI) -> str:
    """What happened. Raises ``AssertionError`` where it is not what should."""
    # the provider repeats what it reads behind the marker, where stand-ins are by then
    question = _ask(f"Write to Frau Erika Mustermann at {MAIL}. [[say={HEARD}]]")
    raw = client.chat.completions.with_raw_response.create(model="private", messages=question)
    heard = raw.parse().choices[0].message.content
    told = raw.headers["x-stellwerk-guardrail"]
    streamed = client.chat.completions.create(model="private", messages=question, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices]
    if not heard == "".join(pieces) == HEARD or told != "rewrite; pii=pseudonymize; secret_leak=pass":
        raise AssertionError(f"{heard!r} {pieces} {told}")
    try:
        client.chat.completions.create(model="private", messages=_ask(f"Why does {KEY} not work?"))
    except BadRequestError as error:
        if error.code != "content_blocked" or KEY in str(error):
            raise AssertionError(str(error)) from error
    else:
        raise AssertionError("a secret went out")
    return f"the provider had stand-ins, the shop heard {HEARD!r}, whole and streamed; a secret was refused"


def _ask(text: str) -> Any:
    return [{"role": "user", "content": text}]
