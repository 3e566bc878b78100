"""Streams under sealed ids: the same events for any cut of the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.openai_responses.stream import PassThrough
from stellwerk.gateway.configuration import Route
from stellwerk.gateway.custody import Custody, SealingRelay
from stellwerk.gateway.vault import Vault

PLACE = b"12345678"
CLOSING = (
    b'data: {"type":"response.completed","response":{"id" : "resp_1","status":"completed",'
    b'"usage":{"input_tokens":3,"output_tokens":5}}}'
)
EVENTS = (
    b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1","output":[]}}\n\n',
    b'data: {"type":"response.output_text.delta","delta":"\\"id\\":\\"resp_1\\""}\n\n',
    b": a comment\n\n",
    CLOSING + b"\r\n\r\n",
)
STREAM = b"".join(EVENTS)


class _Place:
    """As much of a route as sealing looks at."""

    place = PLACE


@pytest.fixture(scope="module")
def custody(tmp_path_factory: pytest.TempPathFactory) -> Custody:
    directory: Path = tmp_path_factory.mktemp("state")
    return Custody(Vault(directory), "team shop", Envelope("openai_responses", "m", is_stream=True, body=b"{}"))


def relay_of(custody: Custody) -> SealingRelay:
    """A relay of one stream."""
    return custody.relay(cast("Route", cast("Any", _Place())), PassThrough())


def relayed(relay: SealingRelay, pieces: Iterable[bytes]) -> bytes:
    """All that the caller gets."""
    return b"".join([*(relay.feed(piece) for piece in pieces), relay.flush()])


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_any_cut_gives_the_same_bytes_and_facts(custody: Custody, cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    relay = relay_of(custody)
    out = relayed(relay, (STREAM[a:b] for a, b in pairwise(bounds)))
    sealed = custody.seal(cast("Route", cast("Any", _Place())), "resp_1").encode()
    assert out == STREAM.replace(b'"id":"resp_1"', b'"id":"%b"' % sealed).replace(
        b'"id" : "resp_1"', b'"id" : "%b"' % sealed
    )
    assert (relay.is_complete, relay.has_content, relay.error, relay.finish) == (True, True, None, "completed")
    assert relay.usage is not None
    assert relay.usage.output_tokens == 5
    assert relay.is_between_events


def test_an_event_that_names_nothing_goes_on_in_the_same_object(custody: Custody) -> None:
    relay = relay_of(custody)
    assert relay.feed(EVENTS[1]) is EVENTS[1]
    assert relay.shape is None


def test_half_an_event_is_not_handed_on(custody: Custody) -> None:
    relay = relay_of(custody)
    assert relayed(relay, (EVENTS[1], EVENTS[3][:60])) == EVENTS[1]
    assert relay.is_between_events
    assert not relay.is_complete
