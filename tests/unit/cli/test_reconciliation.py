"""Invoices of providers beside what was counted: by day and model, within a tolerance, with a status."""

import json
from pathlib import Path

import msgspec
import pytest

from stellwerk.cli.invoices import read
from stellwerk.cli.money import Money
from stellwerk.cli.reconciliation import _plain
from stellwerk.core.event import RequestEvent
from stellwerk.errors import InvalidRequest
from tests.unit.cli.test_events import Place
from tests.unit.stores.events import DAY_MS, NOON_MS, make_event

USD = 10**9
ANTHROPIC = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed
2025-11-23,Claude Sonnet 4.5,Default,prod,message,≤ 200k,input_no_cache,1.20,1.20,token,not_available,
2025-11-23,Claude Sonnet 4.5,Default,prod,message,≤ 200k,output,0.80,0.80,token,not_available,
2025-11-24,Claude Opus 4.5,Default,prod,message,≤ 200k,output,0.50,0.50,token,not_available,
"""
OPENAI = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1763856000,1763942400,2025-11-23T00:00:00+00:00,2025-11-24T00:00:00+00:00,1.5,usd,"gpt-4o-2024-08-06, input",proj_1
1763856000,1763942400,2025-11-23T00:00:00+00:00,2025-11-24T00:00:00+00:00,0.5,usd,"gpt-4o-2024-08-06, output",proj_1
1763942400,1764028800,2025-11-24T00:00:00+00:00,2025-11-25T00:00:00+00:00,,,,
"""
AWS = """\
lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UsageType,lineItem/CurrencyCode,lineItem/UnblendedCost
2025-11-23T10:00:00Z,AmazonBedrock,USE1-Claude4.5Sonnet-input-tokens,USD,1.25
2025-11-23T11:00:00Z,AmazonBedrock,USE1-NovaPro-output-tokens,USD,0.75
2025-11-23T11:00:00Z,AmazonEC2,BoxUsage,USD,99
"""


def spent(number: int, usd: float | None, model: str, provider: str = "up") -> RequestEvent:
    nanos = None if usd is None else round(usd * USD)
    return msgspec.structs.replace(
        make_event(NOON_MS + number, number), cost_nanos=nanos, provider_model=model, provider=provider
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def invoice(place: Place, text: str) -> str:
    path = place.config.with_name("invoice.csv")
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_an_invoice_that_agrees_is_done(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.record(
        spent(1, 1.5, "claude-sonnet-4-5-20250929"),
        spent(2, 0.5, "claude-sonnet-4-5"),
        spent(DAY_MS, 0.501, "claude-opus-4-5"),
        spent(3, 70, "claude-opus-4-5", provider="another"),
    )
    assert place.run("reconcile", invoice(place, ANTHROPIC), "--provider", "up") == 0
    head, sonnet, opus, verdict = capsys.readouterr().out.splitlines()
    assert head.split() == ["day", "model", "requests", "ours", "theirs", "difference"]
    assert sonnet.split() == ["2025-11-23", "claude-sonnet-4-5", "2", "2", "USD", "2", "USD", "+0.00%"]
    assert opus.split() == ["2025-11-24", "claude-opus-4-5", "1", "0.501", "USD", "0.5", "USD", "+0.20%"]
    assert verdict == "all agree within 1.00%"


def test_what_differs_is_said_by_day_and_model(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.record(
        spent(1, 1.9, "claude-sonnet-4-5"),
        spent(2, None, "claude-sonnet-4-5"),
        spent(3, 0.1, "claude-haiku-4-5"),
        spent(4, 0.1, ""),
    )
    path = invoice(place, ANTHROPIC)
    assert place.run("reconcile", path, "--provider", "up") == 1
    out = capsys.readouterr().out
    assert "-5.00%  DIFFERS, 1 without a known cost" in out
    assert "only ours  DIFFERS" in out
    assert "-100.00%  DIFFERS" in out
    assert out.splitlines()[-1] == "3 of 3 differ by more than 1.00%"
    assert place.run("reconcile", path, "--provider", "up", "--tolerance", "5", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert {(row["day"], row["model"]): row["agrees"] for row in found["rows"]} == {
        ("2025-11-23", "claude-haiku-4-5"): False,
        ("2025-11-23", "claude-sonnet-4-5"): True,
        ("2025-11-24", "claude-opus-4-5"): False,
    }


def test_line_items_of_openai_are_taken_together_by_model(place: Place) -> None:
    place.record(spent(1, 2, "gpt-4o"))
    assert place.run("reconcile", invoice(place, OPENAI), "--provider", "up") == 0


def test_a_report_without_models_is_compared_by_day(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.record(spent(1, 1.3, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"), spent(2, 0.7, "amazon.nova-pro-v1:0"))
    assert place.run("reconcile", invoice(place, AWS), "--provider", "up") == 0
    assert "(all)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected one of the columns usage_date_utc"),
        ("date,model\n2025-11-23,x\n", "expected one of the columns cost_usd"),
        ("date,cost\nsomeday,1\n", "invoice.csv:2: expected a day, found 'someday'"),
        ("date,cost\n2025-11-23,much\n", "invoice.csv:2: expected an amount, found 'much'"),
        ("date,cost\n2025-11-23,inf\n", "expected an amount, found 'inf'"),
        ("date,cost\n2025-11-23,nan\n", "expected an amount, found 'nan'"),
        ("date,cost,currency\n2025-11-23,1,CNY\n", "expected an amount in USD, found 'CNY'"),
        ("date,cost\n", "there are no charges in it"),
    ],
)
def test_a_file_that_is_no_invoice_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    path = invoice(place, text)
    assert place.run("reconcile", path, "--provider", "up") == 2
    assert expected in capsys.readouterr().err
    assert place.run("reconcile", path, "--provider", "up", "--json") == 2
    assert expected in json.loads(capsys.readouterr().out)["problems"][0]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no such file"):
        read(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"date,cost\n\xff\xfe,1\n")
    with pytest.raises(InvalidRequest, match="expected CSV in UTF-8"):
        read(tmp_path / "binary.csv")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("gpt-4o-2024-08-06, input", "gpt-4o"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("claude-opus-4-5@default", "claude-opus-4-5"),
        ("", ""),
    ],
)
def test_names_of_consoles_and_of_requests_meet(name: str, plain: str) -> None:
    assert _plain(name) == plain


def test_money_is_exact_in_dollars_and_rounded_in_others() -> None:
    assert Money().text(1) == "0.000000001 USD"
    assert Money().text(None) == "unknown"
    assert Money("EUR", 0.86).text(10**9) == "0.86 EUR"
    assert Money("JPY", 150.0).text(0) == "0 JPY"
    assert Money("EUR", 0.5).text(1) == "0 EUR"
    assert Money("USD", 1.1).text(10**9) == "1.1 USD"
