"""Arbitrary JSON objects with members that a dialect knows, and some that nobody does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]

TEXTS = st.text(max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS)


def values(scalars: Values = SCALARS) -> Values:
    """Small JSON values with these at their leaves."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
        max_leaves=4,
    )


def objects_beside(unknown: Values) -> Callable[..., Values]:
    """Makes strategies of objects: with the members given, some of the optional ones, and some ``unknown`` ones."""

    def objects(known: dict[str, Values], **optional: Values) -> Values:
        fixed = st.fixed_dictionaries(known, optional=optional)
        return st.tuples(unknown, fixed).map(lambda pair: {**pair[0], **pair[1]})

    return objects


def only(value: Any) -> Values:
    """This value and no other."""
    return st.just(value)


def dump(value: Any) -> bytes:
    """The body that a caller sends."""
    return json.dumps(value).encode()
