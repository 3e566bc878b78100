"""Whatever is sent, a simulated provider answers or refuses."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Author
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.openai.request import read_chat, read_embeddings
from stellwerk.simulator.openai.response import chat_completion
from stellwerk.simulator.openai.stream import chunks
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import read_steering, steered_fault

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 0)
WORDS = st.sampled_from(
    [
        "type",
        "function",
        "custom",
        "name",
        "parameters",
        "properties",
        "items",
        "enum",
        "anyOf",
        "$ref",
        "#",
        "object",
        "array",
        "string",
        "integer",
        "pattern",
        "json_schema",
        "schema",
        "required",
        "auto",
        "allowed_tools",
        "tools",
    ]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
SCHEMA = st.dictionaries(WORDS, ANYTHING, max_size=4)
TOOL = st.builds(lambda schema: {"type": "function", "function": {"name": "f", "parameters": schema}}, SCHEMA)
FORMAT = st.builds(lambda schema: {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}, SCHEMA)
PART = st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=20)})
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant"]),
        "content": st.text(max_size=30) | st.lists(PART, max_size=2),
    }
)
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", "o4-mini"]), "messages": st.lists(MESSAGE, min_size=1, max_size=3)},
    optional={
        "stream": st.booleans(),
        "n": st.integers(1, 3),
        "stop": ANYTHING,
        "max_tokens": st.integers(1, 40),
        "logprobs": st.booleans(),
        "tools": st.lists(TOOL, max_size=2) | ANYTHING,
        "tool_choice": st.sampled_from(["auto", "required", "none"]) | ANYTHING,
        "response_format": FORMAT | ANYTHING,
        "reasoning_effort": WORDS,
    },
)


@given(BODY)
def test_any_chat_is_answered_or_refused(body: dict[str, Any]) -> None:
    with suppress(Refusal):
        ask = read_chat(msgspec.json.encode(body))
        steering = read_steering(None, ask.text)
        answer = AUTHOR.answer(ask, steering, sampler(20), reasons=True, cached_tokens=0)
        assert msgspec.json.decode(chat_completion(ask, answer, STAMP))["choices"]
        assert len(list(chunks(ask, answer, STAMP))) >= 2


@given(ANYTHING, ANYTHING)
def test_any_embedding_is_answered_or_refused(model: Any, given_input: Any) -> None:
    with suppress(Refusal):
        assert read_embeddings(msgspec.json.encode({"model": model, "input": given_input})).texts


@given(st.binary(max_size=60), st.text(max_size=60))
def test_any_steering_is_understood_or_refused(header: bytes, text: str) -> None:
    with suppress(Refusal):
        steering = read_steering(header, f"[[fault={text}]]")
        fault = steered_fault(steering)
        assert fault is None or fault.name == steering.fault
