"""Scenario files, and what is said about wrong ones."""

from pathlib import Path

import pytest

from stellwerk.errors import ConfigurationError
from stellwerk.simulator import DEFAULT_SCENARIO, Scenario, SimulatedModel, SimulatedProvider, Spread, load, parse

FULL = """
seed = 42

[[providers]]
name = "primary"
listen = "127.0.0.1:0"
keys = ["sk-one"]
models = ["gpt-4o", { name = "slow", context_tokens = 1000, first_token_ms = { median = 900, p95 = 2000 } }]
first_token_ms = 120
token_ms = { uniform = [5, 15] }
answer_tokens = { median = 100, p95 = 400 }
language = "de"
rpm = 60
faults = [
  { kind = 429, requests = [10, 19], retry_after_s = 2 },
  { kind = "cut", every = 7, reset = true },
  { kind = "500", seconds = [5, 9], probability = 0.5, models = ["slow"] },
]

[[providers]]
name = "backup"
"""


def test_a_full_scenario_is_read() -> None:
    scenario = parse(FULL)
    primary, backup = scenario.providers
    assert scenario.seed == 42
    assert primary.models[0] == "gpt-4o"
    assert primary.models[1] == SimulatedModel(
        name="slow", context_tokens=1000, first_token_ms=Spread(median=900, p95=2000)
    )
    assert [fault.name for fault in primary.faults] == ["429", "cut", "500"]
    assert primary.faults[0].requests == (10, 19)
    assert backup == SimulatedProvider(name="backup")


def test_an_empty_file_is_one_provider_that_answers_at_once() -> None:
    assert parse("") == Scenario()
    assert DEFAULT_SCENARIO.providers[0].first_token_ms != 0


def test_all_problems_are_told_at_once_each_with_its_path() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(
            """
            sead = 1
            [[providers]]
            name = "a b"
            [[providers]]
            nam = "x"
            rpm = "many"
            models = [{ name = "m", context_tokens = "all" }, 5]
            faults = [{ kind = 200 }, { kind = "cut", evry = 3 }, "cut"]
            token_ms = { median = 3 }
            [[providers]]
            name = "ok"
            language = "fr"
            first_token_ms = [1, 2]
            """
        )
    problems = caught.value.problems
    assert "sead: unknown key; did you mean seed?" in problems
    assert any(line.startswith("providers[0]: expected a `name`") for line in problems)
    assert "providers[1].nam: unknown key; did you mean name?" in problems
    assert "providers[1].name: missing" in problems
    assert any(line.startswith("providers[1].rpm: expected int") for line in problems)
    assert any(line.startswith("providers[1].models[0].context_tokens: expected int") for line in problems)
    assert any(line.startswith("providers[1].models[1]: expected") for line in problems)
    assert any(line.startswith("providers[1].faults[0]: expected `kind`") for line in problems)
    assert "providers[1].faults[1].evry: unknown key; did you mean every?" in problems
    assert any(line.startswith("providers[1].faults[2]: expected") for line in problems)
    assert any(line.startswith("providers[1].token_ms: expected either") for line in problems)
    assert any(line.startswith("providers[2].language: invalid enum value") for line in problems)
    assert any(line.startswith("providers[2].first_token_ms: expected") for line in problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("providers = 5", "providers: expected array, got int"),
        ("providers = []", "expected at least one of [[providers]]"),
        ('[[providers]]\nname = "x"\ndialect = "latin"', "providers[0]: expected `dialect` as one of openai"),
        ('[[providers]]\nname = "x"\nlisten = "nowhere"', "providers[0]: expected `listen` as an address"),
        ('[[providers]]\nname = "x"\nrpm = 0', "providers[0]: expected `rpm` and `tpm` of at least 1"),
        ('[[providers]]\nname = "x"\nremember_requests = -1', "providers[0]: expected `remember_requests`"),
        ('[[providers]]\nname = "x"\nkeys = [""]', "providers[0]: expected `keys` and `models` without empty names"),
        ('[[providers]]\nname = "x"\ntoken_ms = -1', "providers[0]: expected milliseconds and tokens"),
        ('[[providers]]\nname = "x"\nmodels = [{name = ""}]', "providers[0].models[0]: expected a `name`"),
        ('[[providers]]\nname = "x"\nmodels = [{name = "m", dimensions = 0}]', "providers[0].models[0]: expected `co"),
        (
            '[[providers]]\nname = "x"\nfaults = [{kind = 500, zzz = 1}]',
            "providers[0].faults[0].zzz: unknown key; known",
        ),
        ("a = ", "this is not TOML"),
    ],
)
def test_what_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert caught.value.problems[0].startswith(problem)


@pytest.mark.parametrize("field", ["name", "listen"])
def test_two_providers_must_not_be_in_each_others_way(field: str) -> None:
    one = {"name": "a", "listen": "127.0.0.1:9999"}
    other = {"name": "b", "listen": "127.0.0.1:9998", field: one[field]}
    with pytest.raises(ValueError, match=f"expected a different `{field}`"):
        Scenario(providers=(SimulatedProvider(**one), SimulatedProvider(**other)))  # type: ignore[arg-type]


def test_a_file_is_named_in_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    with pytest.raises(ConfigurationError, match="cannot be read: no such file"):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="this is not UTF-8"):
        load(path)
    path.write_text("seed = 'x'\nfoo = 1", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert [line.split(": ")[:2] for line in caught.value.problems] == [[str(path), "seed"], [str(path), "foo"]]
    path.write_text("seed = 3", encoding="utf-8")
    assert load(path).seed == 3
