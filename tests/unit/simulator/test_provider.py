"""A simulated provider: who is let in, what goes wrong when, and what is told about it afterwards."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stellwerk.simulator import PlannedFault, SimulatedModel, Simulator

Ask = Callable[..., tuple[int, dict[str, str], bytes]]
Connect = Callable[..., Any]
Simulate = Callable[..., Simulator]

WHOLE = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
VECTORS = "/v1/embeddings"


def _says(text: str, **fields: Any) -> dict[str, Any]:
    return {**WHOLE, "messages": [{"role": "user", "content": text}], **fields}


def _error(body: bytes) -> dict[str, Any]:
    error: dict[str, Any] = msgspec.json.decode(body)["error"]
    return error


def _text(body: bytes) -> str:
    text: str = msgspec.json.decode(body)["choices"][0]["message"]["content"]
    return text


# -- who is let in


def test_a_provider_without_keys_lets_everybody_in(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    assert ask(simulator, WHOLE)[0] == 200
    assert ask(simulator, WHOLE, headers={"authorization": "Bearer anything"})[0] == 200


def test_a_provider_with_keys_asks_for_one_of_them(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(keys=("sk-right",))
    assert ask(simulator, WHOLE, headers={"authorization": "Bearer sk-right"})[0] == 200
    for headers in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer "}):
        status, _, body = ask(simulator, WHOLE, headers=headers)
        assert (status, _error(body)["code"]) == (401, None)
    status, _, body = ask(simulator, WHOLE, headers={"authorization": "Bearer sk-secret-wrong"})
    assert (status, _error(body)["code"]) == (401, "invalid_api_key")
    assert b"sk-secret" not in body


def test_a_provider_with_models_has_only_those(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(models=("m", SimulatedModel(name="org/n")))
    listed = msgspec.json.decode(ask(simulator, path="/v1/models", method="GET")[2])
    assert [model["id"] for model in listed["data"]] == ["m", "org/n"]
    assert msgspec.json.decode(ask(simulator, path="/v1/models/org%2Fn", method="GET")[2])["id"] == "org/n"
    for method, path, body in (
        ("GET", "/v1/models/x", None),
        ("POST", "/v1/chat/completions", {**WHOLE, "model": "x"}),
    ):
        status, _, answer = ask(simulator, body, path, method=method)
        assert (status, _error(answer)["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/", 404),
        ("POST", "/v1/nothing", 404),
        ("GET", "/__simulators", 404),
    ],
)
def test_wrong_paths_and_methods_are_refused(simulate: Simulate, ask: Ask, method: str, path: str, status: int) -> None:
    found, _, body = ask(simulate(), path=path, method=method)
    assert found == status
    assert _error(body)["type"] == "invalid_request_error"


def test_a_prompt_over_the_context_is_refused(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(models=(SimulatedModel(name="m", context_tokens=50),))
    assert ask(simulator, {**WHOLE, "max_tokens": 42})[0] == 200
    for body, path in (
        ({**WHOLE, "max_tokens": 43}, "/v1/chat/completions"),
        ({"model": "m", "input": "a b" * 50}, VECTORS),
    ):
        status, _, answer = ask(simulator, body, path)
        assert (status, _error(answer)["code"]) == (400, "context_length_exceeded")


def test_what_the_engine_refuses_has_the_dialects_shape(simulate: Simulate, connect: Connect) -> None:
    wire = connect(simulate())
    wire.socket.sendall(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
    received, _ = wire.read_all()
    assert received.startswith(b"HTTP/1.1 400 ")
    assert "Host" in _error(received.partition(b"\r\n\r\n")[2])["message"]


def test_large_bodies_are_served(simulate: Simulate, ask: Ask) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 3_000_000}}
    status, _, body = ask(simulate(), {**WHOLE, "messages": [{"role": "user", "content": [image]}]})
    assert status == 200
    assert msgspec.json.decode(body)["usage"]["prompt_tokens"] == 3 + 4 + 765


# -- limits


def test_requests_over_the_limit_are_refused_with_openais_headers(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(rpm=2, tpm=100_000)
    _, headers, _ = ask(simulator, WHOLE)
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "1"
    assert headers["x-ratelimit-limit-tokens"] == "100000"
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    ask(simulator, WHOLE)
    status, headers, body = ask(simulator, WHOLE)
    assert (status, _error(body)["code"]) == (429, "rate_limit_exceeded")
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert 29 <= int(headers["retry-after"]) <= 30
    assert ask(simulator, {**WHOLE, "model": "other"})[0] == 200


def test_tokens_over_the_limit_are_refused(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(tpm=1_000)
    assert ask(simulator, {**WHOLE, "max_tokens": 900})[0] == 200
    status, headers, body = ask(simulator, {**WHOLE, "max_tokens": 900})
    assert status == 429
    assert "tokens per minute" in _error(body)["message"]
    assert "x-ratelimit-limit-requests" not in headers
    assert ask(simulator, {"model": "e", "input": "short"}, VECTORS)[0] == 200


# -- answers


def test_the_same_request_gets_the_same_answer_whatever_came_between(simulate: Simulate, ask: Ask) -> None:
    first, second = simulate(), simulate()
    text = _text(ask(first, WHOLE)[2])
    ask(first, _says("Something else"))
    again = ask(first, WHOLE)[2]
    assert _text(again) == text
    assert _text(ask(second, {**WHOLE, "temperature": 0.5})[2]) == text
    assert _text(ask(simulate(seed=8), WHOLE)[2]) != text
    assert _text(ask(simulate(name="other"), WHOLE)[2]) != text
    ids = {msgspec.json.decode(ask(first, WHOLE)[2])["id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_negative_seed_is_a_seed_too(simulate: Simulate, ask: Ask) -> None:
    assert ask(simulate(seed=-(1 << 80)), WHOLE)[0] == 200


def test_prompts_are_cached_where_the_scenario_says_so(simulate: Simulate, ask: Ask) -> None:
    long = _says("A long question about trains. " * 400)

    def cached(simulator: Simulator, **headers: str) -> int:
        usage = msgspec.json.decode(ask(simulator, long, headers=headers)[2])["usage"]
        tokens: int = usage["prompt_tokens_details"]["cached_tokens"]
        return tokens

    forgetful, remembering = simulate(), simulate(prompt_cache=True)
    assert [cached(forgetful) for _ in range(2)] == [0, 0]
    first, second = cached(remembering), cached(remembering)
    assert first == 0
    assert second > 1_024
    assert second % 128 == 0
    assert cached(forgetful, **{"x-simulate": "cached_tokens=77"}) == 77


def test_the_language_of_a_provider_can_be_fixed(simulate: Simulate, ask: Ask) -> None:
    assert "Hier ist" in _text(ask(simulate(language="de"), _says("What is the time?"))[2])


def test_embeddings_are_steered_and_fail_like_chats(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    body = {"model": "e", "input": ["one", "two [[fault=503; times=1]]"]}
    assert ask(simulator, body, VECTORS)[0] == 503
    status, _, answer = ask(simulator, body, VECTORS)
    assert (status, len(msgspec.json.decode(answer)["data"])) == (200, 2)


# -- faults


def test_the_plan_counts_what_asks_for_an_answer(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(faults=(PlannedFault(kind=500, requests=(2, 3)), PlannedFault(kind=429, every=5)))
    ask(simulator, path="/v1/models", method="GET")
    ask(simulator, path="/v1/nowhere")
    assert [ask(simulator, WHOLE)[0] for _ in range(6)] == [200, 500, 500, 200, 429, 200]
    simulator.reset()
    assert [ask(simulator, WHOLE)[0] for _ in range(2)] == [200, 500]


def test_the_plan_can_be_replaced_while_it_runs(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    assert ask(simulator, WHOLE)[0] == 200
    simulator.set_faults(PlannedFault(kind=503))
    assert ask(simulator, WHOLE)[0] == 503
    simulator.set_faults()
    assert ask(simulator, WHOLE)[0] == 200


def test_a_request_can_ask_for_a_fault_in_its_header_or_its_text(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    assert ask(simulator, WHOLE, headers={"x-simulate": "fault=502"})[0] == 502
    assert ask(simulator, _says("Hi [[fault=502]]"))[0] == 502
    assert ask(simulator, _says("Hi [[fault=502]]"), headers={"x-simulate": "fault=none"})[0] == 200
    earlier = [{"role": "user", "content": "[[fault=502]]"}, {"role": "assistant", "content": "?"}]
    assert ask(simulator, {**WHOLE, "messages": [*earlier, *WHOLE["messages"]]})[0] == 200


def test_a_request_can_ask_against_the_plan(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(faults=(PlannedFault(kind=500),))
    assert ask(simulator, WHOLE, headers={"x-simulate": "fault=none"})[0] == 200


def test_a_fault_can_happen_to_the_first_tries_only(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    body = _says("Hi [[fault=503; times=2]]")
    assert [ask(simulator, body)[0] for _ in range(4)] == [503, 503, 200, 200]
    assert ask(simulator, _says("Hello [[fault=503; times=2]]"))[0] == 503


def test_a_request_can_mean_one_provider_of_several(simulate: Simulate, ask: Ask) -> None:
    body = _says("Hi [[fault=500; at=primary]]")
    assert ask(simulate(name="primary"), body)[0] == 500
    assert ask(simulate(name="backup"), body)[0] == 200


def test_a_wish_that_is_not_understood_is_refused(simulate: Simulate, ask: Ask) -> None:
    status, _, body = ask(simulate(), WHOLE, headers={"x-simulate": "falt=1; tokens=x"})
    assert (status, _error(body)["code"]) == (400, "invalid_steering")
    assert "falt" in _error(body)["message"]
    assert "tokens" in _error(body)["message"]


# -- what is told afterwards


def test_what_arrived_is_told(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    streamed = {**WHOLE, "stream": True, "stream_options": {"include_usage": True}}
    ask(simulator, streamed, headers={"x-request-id": "r1", "traceparent": trace, "authorization": "Bearer sk-12345"})
    ask(simulator, b"{")
    _, _, body = ask(simulator, path="/__simulator", method="GET")
    report = msgspec.json.decode(body)
    assert report == simulator.report()
    assert (report["name"], report["requests"], report["streams"], report["answered"]) == ("openai", 2, 1, 2)
    assert report["by_status"] == {"200": 1, "400": 1}
    first, second = report["last_requests"]
    assert (first["request_id"], first["traceparent"], first["key"]) == ("r1", trace, "…2345")
    assert (first["is_stream"], first["wants_usage"], first["turn"], first["status"]) == (True, True, 1, 200)
    assert first["events"] > 3
    assert first["output_tokens"] == report["output_tokens"]
    assert (second["model"], second["turn"], second["status"], second["headers"]) == (None, None, 400, None)


def test_headers_and_bodies_are_told_on_demand_without_the_key(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate(remember_bodies=True)
    ask(simulator, WHOLE, headers={"authorization": "Bearer sk-12345", "x-other": "1"})
    entry = simulator.report()["last_requests"][-1]
    assert msgspec.json.decode(entry["body"]) == WHOLE
    assert (entry["headers"]["authorization"], entry["headers"]["x-other"]) == ("…", "1")


def test_counters_can_be_forgotten_and_the_plan_replaced_from_outside(simulate: Simulate, ask: Ask) -> None:
    simulator = simulate()
    ask(simulator, WHOLE)
    assert ask(simulator, path="/__simulator", method="DELETE")[0] == 200
    assert simulator.report()["requests"] == 0
    plan = "/__simulator/faults"
    assert ask(simulator, {"faults": [{"kind": 503, "requests": [1, 1]}]}, plan, method="PUT")[0] == 200
    assert [ask(simulator, WHOLE)[0] for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "problem"),
    [
        ("PUT", "/__simulator/faults", b"{", 400, "this is not JSON"),
        ("PUT", "/__simulator/faults", b"[]", 400, "expected a table, found an array"),
        ("PUT", "/__simulator/faults", b'{"faults": [{"kind": 5}, 7]}', 400, "faults[0]: expected `kind`"),
        ("POST", "/__simulator", b"", 404, "use GET or DELETE"),
        ("GET", "/__simulator/x", None, 404, "use GET or DELETE"),
    ],
)
def test_wrong_orders_are_refused(
    simulate: Simulate, ask: Ask, method: str, path: str, body: bytes | None, status: int, problem: str
) -> None:
    found, _, answer = ask(simulate(), body, path, method=method)
    assert found == status
    assert msgspec.json.decode(answer)["problems"][0].startswith(problem)
