"""Whatever is sent, a simulated provider answers or refuses."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Author
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.gemini.fields import MESSAGES
from stellwerk.simulator.gemini.request import read_count, read_embed, read_generate
from stellwerk.simulator.gemini.response import content
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING

AUTHOR = Author(b"seed", "auto")
NAMES = st.sampled_from(sorted({name for fields in MESSAGES.values() for name in fields}))
WORDS = st.sampled_from(["user", "model", "ANY", "OBJECT", "STRING", "image/png", "application/json", "QUJD", "f"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | WORDS, inner, max_size=4),
    max_leaves=12,
)
KINDS = {
    "string": WORDS,
    "int": st.integers(-1, 20),
    "float": st.floats(0, 2),
    "bool": st.booleans(),
    "bytes": st.sampled_from(["QUJD", ""]),
    "object": st.dictionaries(WORDS, ANYTHING, max_size=2),
    "any": ANYTHING,
}


def _message(name: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Messages that are mostly right in their types."""
    fields = {field: _field(kind, depth) for field, kind in MESSAGES[name].items()}
    return st.fixed_dictionaries({}, optional=fields if depth < 4 else {})


def _field(kind: str, depth: int) -> st.SearchStrategy[Any]:
    if kind.startswith("[]"):
        return st.lists(_field(kind[2:], depth), min_size=1, max_size=2)
    if kind.startswith("{}"):
        return st.dictionaries(WORDS, _field(kind[2:], depth), max_size=2)
    if kind in MESSAGES:
        return st.deferred(lambda: _message(kind, depth + 1))
    return KINDS.get(kind, WORDS)


@given(_message("GenerateContentRequest"), st.sampled_from(["gemini-2.5-flash", "gemini-3-pro"]))
def test_any_request_for_content_is_answered_or_refused(body: dict[str, Any], model: str) -> None:
    request = {"contents": [{"parts": [{"text": "Hi"}]}], **body}
    with suppress(Refusal):
        ask = read_generate(msgspec.json.encode(request), model, is_stream=False)
        answer = AUTHOR.answer(ask, NOTHING, sampler(20), reasons=True, cached_tokens=0)
        assert msgspec.json.decode(content(ask, answer, Stamp("id", 0)))["candidates"]


@given(ANYTHING)
def test_any_json_is_read_or_refused(body: Any) -> None:
    encoded = msgspec.json.encode(body)
    with suppress(Refusal):
        read_generate(encoded, "m", is_stream=False)
    with suppress(Refusal):
        read_count(encoded, "m")
    for is_batch in (False, True):
        with suppress(Refusal):
            read_embed(encoded, "m", is_batch=is_batch)
