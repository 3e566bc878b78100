"""The check of answers against a schema, by another implementation; agreement of any two texts."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from stellwerk.core.acceptance import Acceptance, judge
from stellwerk.core.agreement import agree
from stellwerk.core.conformance import conforms
from stellwerk.core.declining import declines

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, -2.0]) | NAMES
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
SEVERAL = st.lists(TYPES, min_size=1, max_size=3, unique=True)


def schemas(unknown: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Schemas of the keywords that are known, and of those given."""

    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        known: dict[str, st.SearchStrategy[Any]] = {
            "type": TYPES | SEVERAL,
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "additionalProperties": inner,
            "items": inner,
        }
        return st.fixed_dictionaries({}, optional={**known, **unknown})

    return st.recursive(st.booleans() | st.fixed_dictionaries({"type": TYPES}), larger, max_leaves=6)


KNOWN = schemas({})
ANY = schemas(
    {
        "minimum": st.integers(-2, 2),
        "maxLength": st.integers(0, 1),
        "prefixItems": st.lists(st.fixed_dictionaries({"type": TYPES}), min_size=1, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c"]), st.booleans(), max_size=2),
        "anyOf": st.lists(st.fixed_dictionaries({"type": TYPES}), min_size=1, max_size=2),
    }
)
TEXTS = st.text(max_size=40) | st.lists(
    st.sampled_from(["yes", "no", "7", "-7", "7.0", "{", '{"a": 1}', ".", " "]), max_size=6
).map(" ".join)


@given(VALUES, KNOWN)
def test_of_what_is_known_the_verdict_is_that_of_another_implementation(value: Any, schema: Any) -> None:
    assert conforms(value, schema) == Draft202012Validator(schema).is_valid(value)


@given(VALUES, ANY)
def test_a_value_that_conforms_is_never_refused(value: Any, schema: Any) -> None:
    if Draft202012Validator(schema).is_valid(value):
        assert conforms(value, schema)


@given(VALUES, ANY, st.text(" \n", max_size=3))
def test_the_json_of_a_value_that_conforms_is_accepted(value: Any, schema: Any, blank: str) -> None:
    text = blank + msgspec.json.encode(value).decode() + blank
    fault = judge(Acceptance(json=True), text, "stop", wants_json=True, schema=schema)
    assert (fault == "") == conforms(value, schema)


@given(TEXTS, TEXTS)
def test_agreement_is_mutual_and_every_text_agrees_with_itself(first: str, second: str) -> None:
    assert agree(first, first)
    assert agree(first, second) == agree(second, first)


@given(VALUES.filter(lambda value: isinstance(value, dict | list)), VALUES)
def test_documents_agree_as_values_do(first: Any, second: Any) -> None:
    texts = [msgspec.json.format(msgspec.json.encode(first), indent=indent).decode() for indent in (0, 4)]
    assert agree(*texts)
    if isinstance(second, dict | list) and first != second:
        assert not agree(texts[0], msgspec.json.encode(second).decode())


@given(st.text(max_size=400))
def test_any_text_can_be_judged(text: str) -> None:
    everything = Acceptance(json=True, min_characters=1, refusal=True, finish=True, min_logprob=-1.0)
    fault = judge(everything, text, "stop", wants_json=False, logprobs=[-0.5])
    assert (fault == "a refusal") == declines(text)
