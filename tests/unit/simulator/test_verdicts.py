"""Simulated services that judge texts: paths, keys, faults, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import msgspec
import pytest

from stellwerk.simulator import PlannedFault, Simulator
from stellwerk.simulator.verdicts.opinion import judge

MODERATION = "/v1/moderations"


def asked(
    simulator: Simulator, path: str, body: Any, method: str = "POST", **headers: str
) -> tuple[int, dict[str, Any]]:
    host, _, port = simulator.address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body if isinstance(body, bytes) else msgspec.json.encode(body), fields)
    response = connection.getresponse()
    answer = response.status, msgspec.json.decode(response.read())
    connection.close()
    return answer


@pytest.mark.parametrize("harmful", [True, False])
def test_words_decide(harmful: bool) -> None:
    opinion = judge("I hate you" if harmful else "I like you")
    assert opinion.score("hate") == (0.97 if harmful else 0.01)
    assert opinion.is_unsafe is harmful


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer k"}, {"x_goog_api_key": "k"}, {"ocp_apim_subscription_key": "k"}, {"api_key": "k"}],
)
def test_a_key_may_stand_in_any_services_field(simulate: Callable[..., Simulator], headers: dict[str, str]) -> None:
    simulator = simulate(dialect="verdicts", keys=("k",))
    assert asked(simulator, MODERATION, {"input": "Hi"}, **headers)[0] == 200
    assert asked(simulator, MODERATION, {"input": "Hi"}, **dict.fromkeys(headers, "x"))[0] == 401
    assert asked(simulator, MODERATION, {"input": "Hi"})[0] == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/horoscopes", {"input": "Hi"}, 404),
        ("/", {"Text": "Hi"}, 404),
        (MODERATION, b"no JSON", 400),
        (MODERATION, {"inputs": "Hi"}, 400),
        (MODERATION, {"input": ""}, 400),
        (MODERATION, {"input": "Hi", "mood": 1}, 400),
        ("/predict", {"inputs": ["a", "b"]}, 400),
        ("/v1/chat/completions", {"messages": []}, 400),
    ],
)
def test_what_is_no_request_is_refused(simulate: Callable[..., Simulator], path: str, body: Any, status: int) -> None:
    found, error = asked(simulate(dialect="verdicts"), path, body)
    assert found == status
    assert error["error"]["message"]


def test_services_are_asked_with_post(simulate: Callable[..., Simulator]) -> None:
    assert asked(simulate(dialect="verdicts"), MODERATION, {}, "GET")[0] == 405


def test_faults_are_those_of_providers_and_may_be_one_services(simulate: Callable[..., Simulator]) -> None:
    simulator = simulate(dialect="verdicts")
    simulator.set_faults(PlannedFault(kind=503, models=("openai_moderation",)))
    assert asked(simulator, MODERATION, {"input": "Hi"})[0] == 503
    assert asked(simulator, "/classify", {"input": "Hi"})[0] == 200
    assert asked(simulator, "/classify", {"input": "Hi [[fault=429]]"})[0] == 429
    simulator.set_faults(PlannedFault(kind="malformed", shape="wrong_shape"))
    assert "data" not in asked(simulator, "/classify", {"input": "Hi"})[1]
