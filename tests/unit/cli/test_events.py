"""``stellwerk events``: what is on record, as lines, pages, bills and files, and beside a provider's invoice."""

import csv
import io
import json
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.catalog.book import enter, version_of
from stellwerk.cli import events as command
from stellwerk.cli import main
from stellwerk.core.catalog import ModelCard
from stellwerk.core.event import RequestEvent
from stellwerk.core.feedback import BAD, GOOD, Feedback
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.usage import Usage
from stellwerk.stores.sqlite.feedback import keep_feedback
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import DAY_MS, NOON_MS, make_event

USD = 10**9
CARD = ModelCard(
    "openai",
    "gpt-5.2",
    price=Price((Row(Rates(input=7 * USD // 4, output=14 * USD, cache_read=7 * USD // 40, web_search=10_000 * USD)),)),
    price_version="shipped 2025-11-20",
)
PRICED = version_of(CARD)
COST = 2_000 * 1_750 + 8_000 * 175 + 500 * 14_000
"""Of 10,000 tokens of prompt, 8,000 of them cached, and 500 of answer."""


def event(number: int, **fields: Any) -> RequestEvent:
    """A request of two cents or so, ``number`` seconds after noon."""
    plain = msgspec.structs.replace(
        make_event(NOON_MS + number * 1000, number),
        input_tokens=10_000,
        output_tokens=500,
        cache_read_tokens=8_000,
        cache_write_tokens=0,
        cost_nanos=COST,
        price_version=PRICED,
    )
    return msgspec.structs.replace(plain, **fields)


class Place:
    """A configuration with its state."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "stellwerk.toml"
        self.config.write_text('[state]\ndirectory = "kept"\n')
        self.state = folder / "kept"
        enter(self.state, [msgspec.structs.replace(CARD, price_version=PRICED)])

    def record(self, *found: RequestEvent) -> None:
        """Writes events as a worker does."""
        store = SqliteEvents(
            self.state / "events", retention_days=30, busy_timeout_s=5, wall_clock=lambda: NOON_MS / 1e3
        )
        store.append(found)
        store.close()

    def run(self, *arguments: str) -> int:
        """The command's exit status."""
        return main(["events", "--config", str(self.config), *arguments])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


Out = pytest.CaptureFixture[str]


def test_the_latest_requests_are_listed_newest_first(place: Place, capsys: Out) -> None:
    place.record(event(1), event(2, key_name="", cost_nanos=None, is_estimated=True, provider="", provider_model=""))
    assert place.run("list") == 0
    head, newest, oldest = capsys.readouterr().out.splitlines()
    assert head.split() == ["started", "(UTC)", "id", "key", "model", "target", "outcome", "in", "out", "cost"]
    assert newest.endswith("unknown (estimated)")
    assert oldest.startswith("2025-11-23 12:00:01.000")
    assert "openai/gpt-5.2" in oldest
    assert oldest.endswith("0.0119 USD")


def test_pages_follow_one_another_without_a_gap(place: Place, capsys: Out) -> None:
    place.record(*(event(n) for n in range(5)), event(0, started_ms=NOON_MS + DAY_MS))
    seen, arguments = [], ["list", "--limit", "2", "--json"]
    cursor: str | None = None
    while True:
        assert place.run(*arguments, *(("--before", cursor) if cursor else ())) == 0
        page = json.loads(capsys.readouterr().out)
        seen += [each["started_ms"] for each in page["events"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [NOON_MS + DAY_MS, *(NOON_MS + n * 1000 for n in (4, 3, 2, 1, 0))]
    assert place.run("list", "--limit", "2") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("more: --before ")


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (("--key", "web"), [3, 2, 1]),
        (("--team", "other"), [4]),
        (("--model", "fast"), [2]),
        (("--provider", "azure"), [3]),
        (("--outcome", "failed"), [1]),
        (("--outcome", "failed", "--model", "fast"), []),
        (("--since", "2025-11-23T12:00:03"), [4, 3]),
        (("--since", "2025-11-23T13:00:03+01:00"), [4, 3]),
        (("--since", "2025-11-24"), []),
    ],
)
def test_requests_are_chosen(place: Place, capsys: Out, arguments: tuple[str, ...], numbers: list[int]) -> None:
    place.record(
        event(1, outcome="failed"),
        event(2, model="fast"),
        event(3, provider="azure"),
        event(4, team="other", key_name="batch"),
    )
    assert place.run("list", "--json", *arguments) == 0
    found = json.loads(capsys.readouterr().out)["events"]
    assert [(each["started_ms"] - NOON_MS) // 1000 for each in found] == numbers


def test_there_may_be_nothing_on_record(place: Place, capsys: Out) -> None:
    assert place.run("list") == 0
    assert capsys.readouterr().out == "no requests are on record\n"
    (place.state / "events").mkdir(parents=True)
    assert place.run("export") == 0
    assert capsys.readouterr().out == ""


def test_a_bill_is_shown_line_by_line(place: Place, capsys: Out) -> None:
    one = event(1, usage_details='{"web_searches":2}', cost_nanos=COST + 2 * USD // 100, service_tier="default")
    place.record(one)
    assert place.run("show", one.request_id) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in shown[shown.index("") + 1 :]] == [
        f"price {PRICED}",
        "cache_read 8,000 at 0.175 USD a million 0.0014 USD",
        "input 2,000 at 1.75 USD a million 0.0035 USD",
        "output 500 at 14 USD a million 0.007 USD",
        "web_search 2 at 10 USD a thousand 0.02 USD",
        "computed 0.0319 USD",
        "counted: price times usage 0.0319 USD",
    ]
    facts = dict(line.split(maxsplit=1) for line in shown[: shown.index("")])
    assert facts["by"] == "web of shop"
    assert facts["target"] == "openai/gpt-5.2"
    assert facts["attempts"] == "1"
    assert facts["tier"] == "default"


def test_a_bill_as_json_has_every_line(place: Place, capsys: Out) -> None:
    one = event(1, extra_cost_nanos=100, cost_nanos=COST + 100)
    place.record(one)
    assert place.run("show", one.request_id, "--json") == 0
    bill = json.loads(capsys.readouterr().out)["bill"]
    assert [(line["unit"], line["count"], line["nanos"]) for line in bill["lines"]] == [
        ("cache_read", 8_000, 1_400_000),
        ("input", 2_000, 3_500_000),
        ("output", 500, 7_000_000),
    ]
    assert (bill["computed_nanos"], bill["counted_nanos"], bill["extra_nanos"], bill["wrong"]) == (
        COST,
        COST,
        100,
        False,
    )


@pytest.mark.parametrize(
    ("fields", "expected", "status"),
    [
        ({"cost_nanos": COST + 1}, "WRONG: what was counted", 1),
        ({"reported_nanos": 7, "cost_nanos": 7}, "counted: the provider's word", 0),
        ({"extra_cost_nanos": 1, "cost_nanos": COST + 1}, "for what the caller did not get", 0),
        ({"price_version": "shipped 2025-01-01 000000000000"}, "it is not among the prices", 0),
        ({"price_version": "", "cost_nanos": None}, "none: the model is unpriced", 0),
        ({"error": "timeout", "outcome": "failed", "status": 504, "provider": ""}, "failed (504), timeout", 0),
        ({"is_estimated": True}, "reasoning), estimated", 0),
        ({"route": "priority"}, "route     priority", 0),
    ],
)
def test_a_page_says_what_is_particular(
    place: Place, capsys: Out, fields: dict[str, Any], expected: str, status: int
) -> None:
    one = event(1, **fields)
    place.record(one)
    assert place.run("show", one.request_id) == status
    assert expected in capsys.readouterr().out


def test_a_line_without_a_rate_is_said_to_be_unknown(place: Place, capsys: Out) -> None:
    half = msgspec.structs.replace(CARD, price=Price((Row(Rates(input=USD)),)))
    half = msgspec.structs.replace(half, price_version=version_of(half))
    enter(place.state, [half])
    one = event(1, price_version=half.price_version, cost_nanos=None)
    place.record(one)
    assert place.run("show", one.request_id) == 0
    shown = capsys.readouterr().out
    assert "without a rate" in shown
    assert "nobody said what was used" in shown


def test_what_a_caller_has_said_of_it_is_shown(place: Place, capsys: Out) -> None:
    one = event(1)
    place.record(one)
    for value, comment, shown in ((BAD, "No\x1b[2J.", "bad, 'No\\x1b[2J.'"), (GOOD, "", "good")):
        keep_feedback(place.state / "events", one, Feedback(one.request_id, NOON_MS, "web", value, comment))
        assert place.run("show", one.request_id) == 0
        assert f"feedback  {shown}\n" in capsys.readouterr().out
        assert place.run("show", one.request_id, "--json") == 0
        assert json.loads(capsys.readouterr().out)["feedback"] == {"value": value, "comment": comment}


def test_a_request_that_nobody_knows_is_said_to_be_so(place: Place, capsys: Out) -> None:
    assert place.run("show", "0" * 32) == 1
    assert "no request '00000000000000000000000000000000' is on record" in capsys.readouterr().err


def test_amounts_are_shown_in_the_currency_of_the_configuration(place: Place, capsys: Out) -> None:
    place.config.write_text('[state]\ndirectory = "kept"\n[display]\ncurrency = "EUR"\nper_usd = 0.5\n')
    place.record(event(1))
    assert place.run("list") == 0
    assert capsys.readouterr().out.rstrip().endswith("0.00595 EUR")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_everything_is_exported_a_row_each(place: Place, capsys: Out, form: str) -> None:
    events = [event(n, tags='a="b",c') for n in range(1_100)]
    place.record(*events)
    assert place.run("export", "--format", form) == 0
    out = capsys.readouterr().out
    if form == "jsonl":
        assert [msgspec.json.decode(line, type=RequestEvent) for line in out.splitlines()] == events[::-1]
    else:
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [row["request_id"] for row in rows] == [each.request_id for each in events[::-1]]
        assert rows[0]["tags"] == 'a="b",c'
        assert rows[0]["cost_nanos"] == str(COST)


def test_an_export_has_no_more_than_a_page_in_memory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.record(*(event(n) for n in range(1_600)))
    read: list[int] = []

    class Closed(io.StringIO):
        """A reader that has seen enough after ten rows."""

        def write(self, text: str) -> int:
            read.append(len(text))
            if len(read) == 10:
                raise StopIteration
            return len(text)

    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises((StopIteration, RuntimeError)):
        place.run("export")
    assert len(read) == 10


def test_no_secret_is_looked_up_and_a_faulty_configuration_is_told(place: Place, capsys: Out) -> None:
    place.config.write_text(
        '[state]\ndirectory = "kept"\n[[providers]]\nname = "p"\nkind = "openai"\napi_key = "env:NOBODY_HAS_SET_THIS"\n'
    )
    place.record(event(1))
    assert place.run("list") == 0
    place.config.write_text("[stat]\n")
    assert place.run("list") == 1
    assert 'did you mean "state"?' in capsys.readouterr().err


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", "7y", ""])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        command._moment(text)


def test_a_moment_may_be_said_by_how_long_ago_it_was() -> None:
    now_ms = datetime.now(UTC).timestamp() * 1000
    assert abs(now_ms - command._moment("2h") - 7_200_000) < 60_000
    assert abs(now_ms - command._moment("30m") - 1_800_000) < 60_000
    assert command._moment("2025-11-23") == NOON_MS - DAY_MS // 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--before", "12"),
        ("list", "--before", "x:y"),
        ("list", "--limit", "0"),
        ("list", "--outcome", "odd"),
        ("reconcile", "x.csv"),
        ("reconcile", "x.csv", "--provider", "p", "--tolerance", "-1"),
        ("reconcile", "x.csv", "--provider", "p", "--tolerance", "much"),
        (),
    ],
)
def test_wrong_use_is_told_from_failure(place: Place, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        place.run(*arguments)
    assert ended.value.code == 2


def test_whoever_reads_may_stop(place: Place) -> None:
    import subprocess
    import sys

    place.record(*(event(n) for n in range(2_000)))
    line = f"{sys.executable} -m stellwerk events --config {place.config} export | head -n 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=60)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_the_rest_of_the_usage_is_what_a_bill_is_made_from() -> None:
    assert Usage(10_000, 500, 8_000, web_searches=2).details == '{"web_searches":2}'
