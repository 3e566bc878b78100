"""What stands in for streaming in dialects that have none."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.errors import StellwerkError
from stellwerk.gateway.dialect import Relay


def no_relay(envelope: Envelope) -> Relay:
    """Never called: requests of these dialects do not ask for a stream."""
    raise AssertionError(envelope.dialect)


def no_event(error: StellwerkError, *, close_half_event: bool) -> bytes:
    """Never called: there is no stream to end."""
    raise AssertionError(error, close_half_event)
