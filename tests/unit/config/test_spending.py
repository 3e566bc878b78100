"""Limits and budgets as they are written, and as the gateway counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.config.load import examine
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period
from stellwerk.errors import ConfigurationError

FILE = """
[[providers]]
name = "one"
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key = "sk-4f8a1c9e7b2d5063-6e0b3d9f2a7c8514"

[[models]]
name = "plain"
targets = [{{ provider = "one", model = "gpt-5-mini" }}]

[[keys]]
name = "web"
key = "web-4f8a1c9e7b2d5063-6e0b3d9f2a7c8514"
{}
"""


def written(folder: Path, lines: str) -> Path:
    """A file whose key has these lines."""
    file = folder / "stellwerk.toml"
    file.write_text(FILE.format(lines))
    return file


def test_limits_are_counted_as_they_are_called(tmp_path: Path) -> None:
    lines = "limits = { rpm = 600, tpm = 200000, rpd = 5000, tpd = 1000000, concurrency = 50 }"
    (key,) = compile_file(written(tmp_path, lines)).keys
    assert set(key.limits) == {
        LimitSpec(Metric.REQUESTS, 600, 60),
        LimitSpec(Metric.REQUESTS, 5_000, 86_400),
        LimitSpec(Metric.TOKENS, 200_000, 60),
        LimitSpec(Metric.TOKENS, 1_000_000, 86_400),
        LimitSpec(Metric.CONCURRENCY, 50, 60),
    }


def test_money_is_exact_to_the_nano_dollar(tmp_path: Path) -> None:
    (key,) = compile_file(written(tmp_path, "budget = { limit_usd = 0.123456789 }")).keys
    assert key.budgets == (BudgetSpec(123_456_789),)


def test_several_budgets_are_a_list(tmp_path: Path) -> None:
    lines = """budget = [
      { limit_usd = 2.0, period = "hour" },
      { limit_usd = 300.0, time_zone = "Europe/Berlin", hard = false, alerts = [0.9, 0.5, 0.9], name = "ours" },
    ]"""
    (key,) = compile_file(written(tmp_path, lines)).keys
    assert key.budgets == (
        BudgetSpec(2_000_000_000, Period.HOUR),
        BudgetSpec(300_000_000_000, Period.MONTH, "Europe/Berlin", is_hard=False, alerts=(0.5, 0.9), name="ours"),
    )


def test_a_key_without_either_has_none(tmp_path: Path) -> None:
    (key,) = compile_file(written(tmp_path, "")).keys
    assert (key.limits, key.budgets) == ((), ())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("limits = { rpm = 0 }", "rpm"),
        ("limits = { rps = 10 }", "rps"),
        ("budget = { period = 'month' }", "limit_usd"),
        ("budget = { limit_usd = -1.0 }", "limit_usd"),
        ("budget = { limit_usd = 1.0, period = 'year' }", "period"),
        ("budget = { limit_usd = 1.0, time_zone = 'Mars/Olympus' }", "time zone"),
        ("budget = { limit_usd = 1.0, time_zone = '../../etc/passwd' }", "time zone"),
        ("budget = { limit_usd = 1.0, alerts = [1.5] }", "alerts"),
        ("budget = 5", "budget"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, lines: str, told: str) -> None:
    verdict = examine(written(tmp_path, lines))
    assert any(told in line for line in verdict.lines), verdict.lines


@pytest.mark.parametrize(
    "second", ["{ limit_usd = 9.0, hard = false }", '{ limit_usd = 9.0, period = "day", name = "month" }']
)
def test_two_budgets_that_would_be_counted_as_one_are_refused(tmp_path: Path, second: str) -> None:
    with pytest.raises(ConfigurationError, match="two budgets 'month'"):
        compile_file(written(tmp_path, f"budget = [{{ limit_usd = 1.0 }}, {second}]"))
    compile_file(written(tmp_path, 'budget = [{ limit_usd = 1.0 }, { limit_usd = 9.0, hard = false, name = "told" }]'))
