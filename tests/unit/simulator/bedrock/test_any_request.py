"""Whatever is sent, a simulated provider answers or refuses."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Author
from stellwerk.simulator.bedrock.request import read_converse, read_count
from stellwerk.simulator.bedrock.response import converse
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING

AUTHOR = Author(b"seed", "auto")
WORDS = st.sampled_from(
    [
        *("messages", "system", "toolConfig", "tools", "toolSpec", "name", "inputSchema", "json", "type", "object"),
        *("role", "user", "assistant", "content", "text", "toolUse", "toolUseId", "input", "toolResult", "properties"),
        *("reasoningContent", "reasoningText", "signature", "cachePoint", "thinking", "enabled", "budget_tokens"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2_000) | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
SCHEMA = st.dictionaries(WORDS, ANYTHING, max_size=3).map(lambda schema: {"type": "object", **schema})
TOOL = st.builds(lambda schema: {"toolSpec": {"name": "f", "inputSchema": {"json": schema}}}, SCHEMA)
BLOCK = st.one_of(
    st.text(max_size=5).map(lambda text: {"text": text}),
    st.dictionaries(WORDS, ANYTHING, max_size=2),
    st.just({"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}),
    st.just({"toolResult": {"toolUseId": "a", "content": []}}),
)
MESSAGES = st.lists(st.lists(BLOCK, max_size=2), min_size=1, max_size=4).map(
    lambda turns: [{"role": ("user", "assistant")[n % 2], "content": blocks} for n, blocks in enumerate(turns)]
)
BODY = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional={
        "toolConfig": st.lists(TOOL, max_size=2).map(lambda tools: {"tools": tools}),
        "additionalModelRequestFields": st.dictionaries(WORDS, ANYTHING, max_size=2),
        "inferenceConfig": st.builds(lambda limit: {"maxTokens": limit}, st.integers(1, 50)),
    },
)


@given(BODY, st.sampled_from(["anthropic.claude", "amazon.nova-pro-v1:0"]))
def test_any_conversation_is_answered_or_refused(body: dict[str, Any], model: str) -> None:
    with suppress(Refusal):
        ask = read_converse(msgspec.json.encode(body), model, is_stream=False)
        answer = AUTHOR.answer(ask, NOTHING, sampler(20), reasons=True, cached_tokens=0)
        assert msgspec.json.decode(converse(ask, answer, Stamp("id", 0)))["stopReason"]


@given(ANYTHING)
def test_any_json_is_read_or_refused(body: Any) -> None:
    encoded = msgspec.json.encode(body)
    with suppress(Refusal):
        read_converse(encoded, "m", is_stream=False)
    with suppress(Refusal):
        read_count(encoded, "m")
