"""Whatever is sent, a simulated Anthropic answers or refuses."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Author
from stellwerk.simulator.anthropic.request import read_count, read_messages
from stellwerk.simulator.anthropic.response import message
from stellwerk.simulator.anthropic.stream import events
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 0)
WORDS = st.sampled_from(
    ["type", "text", "tool_use", "tool_result", "name", "input_schema", "properties", "object", "$ref", "#/$defs/a"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 3_000) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
SCHEMA = st.fixed_dictionaries({"type": st.just("object")}, optional={"properties": ANYTHING, "$defs": ANYTHING})
TOOL = st.fixed_dictionaries({"name": st.sampled_from(["f", "g"]), "input_schema": SCHEMA}) | ANYTHING
BLOCK = (
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=9)})
    | st.fixed_dictionaries({"type": st.just("tool_use"), "id": st.just("a"), "name": st.just("f"), "input": ANYTHING})
    | st.fixed_dictionaries({"type": st.just("tool_result"), "tool_use_id": st.just("a"), "content": ANYTHING})
    | st.fixed_dictionaries({"type": st.just("thinking"), "thinking": st.text(), "signature": st.text()})
    | ANYTHING
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant"]) | WORDS,
        "content": st.text(max_size=9) | st.lists(BLOCK, max_size=3),
    }
)
BODY = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.lists(MESSAGE, max_size=4)},
    optional={
        "max_tokens": st.integers(1, 3_000),
        "stream": st.booleans(),
        "system": st.text(max_size=5) | ANYTHING,
        "tools": st.lists(TOOL, max_size=2),
        "tool_choice": st.sampled_from([{"type": "any"}, {"type": "auto"}, {"type": "tool", "name": "f"}]) | ANYTHING,
        "thinking": st.sampled_from([{"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1_024}]) | ANYTHING,
        "output_config": ANYTHING
        | st.builds(lambda schema: {"format": {"type": "json_schema", "schema": schema}}, SCHEMA),
        "stop_sequences": ANYTHING,
        "cache_control": st.just({"type": "ephemeral"}) | ANYTHING,
    },
)


@given(BODY)
def test_any_message_is_answered_or_refused(body: dict[str, Any]) -> None:
    with suppress(Refusal):
        ask = read_messages(msgspec.json.encode(body), "")
        answer = AUTHOR.answer(ask, NOTHING, sampler(20), reasons=False, cached_tokens=0)
        assert msgspec.json.decode(message(ask, answer, STAMP))["stop_reason"]
        assert len(list(events(ask, answer, STAMP))) >= 2


@given(st.binary(max_size=60) | BODY.map(msgspec.json.encode))
def test_any_prompt_is_counted_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        assert read_count(body, "").prompt_tokens > 0
