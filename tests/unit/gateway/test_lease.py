"""A lease is given back once, however often it is settled."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.identity import Principal
from stellwerk.gateway.metrics import Metrics
from stellwerk.gateway.stages.account import Account
from tests.unit.gateway.events import event

ENVELOPE = Envelope("openai_chat", "plain", is_stream=False, body=b"{}")


def test_settling_records_one_event_and_gives_back_once() -> None:
    recorded: list[RequestEvent] = []
    account = Account(recorded.append, Metrics(["plain"]))
    lease = account.open("id", 1, Principal("web", "", None), ENVELOPE, "a=b")
    assert (account.in_flight, lease.is_settled) == (1, False)
    lease.settle(event())
    lease.settle(event(status=502))
    assert (account.in_flight, lease.is_settled) == (0, True)
    assert recorded == [event()]


def test_leases_are_settled_each_for_itself() -> None:
    recorded: list[RequestEvent] = []
    account = Account(recorded.append, Metrics([]))
    leases = [account.open(str(number), 1, Principal("web", "", None), ENVELOPE, "") for number in range(3)]
    leases[1].settle(event(request_id="1"))
    assert account.in_flight == 2
    assert [lease.is_settled for lease in leases] == [False, True, False]
