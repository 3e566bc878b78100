"""When answers arrive, and what a slow or departed caller changes."""

import time
from collections.abc import Callable
from typing import Any

from stellwerk.simulator import SimulatedModel, Simulator

Connect = Callable[..., Any]
Simulate = Callable[..., Simulator]
Until = Callable[[Callable[[], bool]], None]

WHOLE = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
STREAM = {**WHOLE, "stream": True}


def test_an_answer_takes_as_long_as_its_tokens_do(simulate: Simulate, ask: Callable[..., Any]) -> None:
    simulator = simulate(first_token_ms=40, token_ms=2, answer_tokens=31)
    begin = time.monotonic()
    _, headers, _ = ask(simulator, WHOLE)
    assert time.monotonic() - begin >= 0.099
    assert headers["openai-processing-ms"] == "100"


def test_the_events_of_a_stream_keep_their_distance(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate(first_token_ms=60, token_ms=10, answer_tokens=10))
    begin = time.monotonic()
    wire.post(STREAM)
    wire.read_until(b"data: ")
    first = time.monotonic() - begin
    assert b"[DONE]" not in wire.received
    wire.read_until(b"[DONE]")
    assert first >= 0.059
    assert time.monotonic() - begin >= 0.059 + 12 * 0.01


def test_a_request_can_set_its_own_pace(simulate: Simulate, ask: Callable[..., Any]) -> None:
    simulator = simulate(first_token_ms=60_000, models=("m", SimulatedModel(name="n", first_token_ms=1)))
    _, headers, _ = ask(simulator, WHOLE, headers={"x-simulate": "ttft_ms=5; token_ms=1; tokens=4"})
    assert headers["openai-processing-ms"] == "8"
    _, headers, _ = ask(simulator, {**WHOLE, "model": "n"}, headers={"x-simulate": "tokens=1"})
    assert headers["openai-processing-ms"] == "1"


def test_a_fault_can_take_its_time(simulate: Simulate, ask: Callable[..., Any]) -> None:
    begin = time.monotonic()
    status, _, _ = ask(simulate(), WHOLE, headers={"x-simulate": "fault=500; delay_ms=50"})
    assert status == 500
    assert time.monotonic() - begin >= 0.049


def test_a_caller_that_reads_nothing_stops_the_stream_and_gets_all_of_it_later(
    simulate: Simulate, connect: Connect, until: Until
) -> None:
    simulator = simulate()
    wire = connect(simulator)
    tokens = 100_000
    wire.post(STREAM, headers=f"x-simulate: tokens={tokens}\r\n")
    until(lambda: simulator.report()["streams"] == 1)
    seen = [0]

    def is_held_back() -> bool:
        seen.append(simulator.report()["last_requests"][-1]["events"])
        return len(seen) > 50 and 0 < seen[-50] == seen[-1]

    until(is_held_back)
    assert seen[-1] < tokens / 2
    wire.read_until(b"[DONE]")
    assert wire.received.count(b"data: ") == tokens + 3
    until(lambda: simulator.report()["answered"] == 1)


def test_a_caller_that_goes_away_ends_its_stream(simulate: Simulate, connect: Connect, until: Until) -> None:
    simulator = simulate(token_ms=20, answer_tokens=5_000)
    wire = connect(simulator)
    wire.post(STREAM)
    wire.read_until(b"data: ")
    wire.socket.close()
    until(lambda: simulator.report()["aborted"] == 1)
    report = simulator.report()
    assert report["in_flight"] == 0
    assert report["last_requests"][-1]["outcome"] == "aborted"
    assert report["last_requests"][-1]["events"] < 5_000


def test_a_caller_that_goes_away_before_a_whole_answer_is_noted(
    simulate: Simulate, connect: Connect, until: Until
) -> None:
    simulator = simulate(first_token_ms=60_000)
    wire = connect(simulator)
    wire.post(WHOLE)
    until(lambda: simulator.report()["in_flight"] == 1)
    wire.socket.close()
    until(lambda: simulator.report()["aborted"] == 1)
