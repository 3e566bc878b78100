"""``stellwerk bench redteam``: which checks it asks, about what, what it says, and when it is content."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import bench_texts, main
from stellwerk.cli.bench_texts import texts
from stellwerk.text.disguises import DISGUISES

KEY = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9jK2"
CONFIG = """
[[providers]]
name = "openai"
kind = "openai"
api_key = "env:NOWHERE"

[[models]]
name = "smart"
targets = [{ provider = "openai", model = "gpt-5.2" }]
"""


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("\n".join([*map(json.dumps, rows), ""]))
    return str(path)


@pytest.fixture
def leaks(tmp_path: Path) -> str:
    return lines(
        tmp_path / "leaks.jsonl",
        {"text": f"the token is {KEY}"},
        {"text": "nothing that a check could find", "label": 1, "lang": "en"},
        {"text": "how do I make a token?", "label": 0},
    )


def bench(*arguments: str) -> int:
    return main(["bench", "redteam", *arguments])


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    bench("--json", *arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_table_says_how_many_are_still_caught_in_each_disguise(
    leaks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--check", "secret_leak", "--attacks", leaks) == 0
    written, errors = capsys.readouterr()
    assert not errors  # no terminal, no progress
    assert "checks     secret_leak\n" in written
    assert "attacks    1 of 2  50.0 % caught plain\n" in written
    assert "ordinary   0 of 1   0.0 % flagged plain\n" in written
    for name in DISGUISES:
        assert f"\n{name} " in written


def test_figures_are_a_document_too(leaks: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(
        capsys, "--check", "secret_leak", "--attacks", leaks, "--disguise", "zero_width", "--disguise", "no_spaces"
    )
    assert found["ok"]
    assert found["checks"] == ["secret_leak"]
    assert (found["attacks"], found["caught"], found["ordinary"], found["flagged"]) == (2, 1, 1, 0)
    assert [each["disguise"] for each in found["disguises"]] == ["zero_width", "no_spaces"]
    assert found["disguises"][0]["kept"] == 1.0


def test_the_check_of_attacks_is_asked_about_what_ships_when_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = document(capsys, "--disguise", "fullwidth", "--disguise", "base64")
    assert found["ok"]
    assert found["checks"] == ["injection"]
    assert found["attacks"] > 40 < found["ordinary"]
    assert found["caught"] > found["attacks"] / 2
    assert all(each["kept"] > 0.9 for each in found["disguises"])


def test_the_configurations_local_checks_of_requests_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], leaks: str
) -> None:
    (tmp_path / "stellwerk.toml").write_text(
        CONFIG
        + '[[guardrails]]\nuse = "secret_leak"\nname = "keys"\n'
        + '[[guardrails]]\nuse = "pii"\non = ["output"]\n'
    )
    monkeypatch.chdir(tmp_path)
    found = document(capsys, "--attacks", leaks, "--disguise", "fullwidth")
    assert found["checks"] == ["keys"]
    assert document(capsys, "--config", "stellwerk.toml", "--attacks", leaks)["checks"] == ["keys"]


def test_a_configuration_that_looks_at_answers_alone_has_nothing_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], leaks: str
) -> None:
    config = tmp_path / "answers.toml"
    config.write_text(CONFIG + '[[guardrails]]\nuse = "pii"\non = ["output"]\n')
    assert bench("--config", str(config), "--attacks", leaks) == 1
    assert "no local check of requests is there to ask\n" in capsys.readouterr().err


def test_a_policy_packs_checks_can_be_asked(leaks: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--policy", "finance", "--attacks", leaks, "--disguise", "fullwidth", "--sample", "1")
    assert len(found["checks"]) > 1
    assert found["attacks"] == 1


def test_options_of_a_check_are_given_as_json(leaks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--check", 'pii={"types": ["EMAIL_ADDRESS"]}', "--attacks", leaks, "--disguise", "leet") == 1
    assert "no attack was caught plain" in capsys.readouterr().out
    assert bench("--check", "pii=[", "--attacks", leaks) == 1
    assert "--check pii: expected options as a JSON object" in capsys.readouterr().err
    assert bench("--check", 'pii={"typos": 1}', "--attacks", leaks) == 1
    assert "typos" in capsys.readouterr().err
    assert bench("--check", 'injection={"threshold": 7}', "--attacks", leaks) == 1
    assert "threshold" in capsys.readouterr().err


def test_floors_and_ceilings_decide_on_the_exit_status(leaks: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--check", "secret_leak", "--attacks", leaks)
    assert bench(*asked, "--disguise", "zero_width", "--floor", "0.95") == 0
    assert bench(*asked, "--disguise", "upper_case", "--floor", "0.95") == 1
    assert "not good enough" in capsys.readouterr().out
    flagged = lines(Path(leaks).with_name("ordinary.jsonl"), {"text": f"harmless {KEY}"})
    assert bench(*asked, "--ordinary", flagged, "--disguise", "zero_width", "--ceiling", "0.05") == 1
    assert bench(*asked, "--ordinary", flagged, "--disguise", "zero_width", "--ceiling", "1") == 0


@pytest.mark.parametrize("wrong", [("--sample", "0"), ("--floor", "2"), ("--disguise", "beard"), ("--speaker", "me")])
def test_wrong_use_is_told(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench(*wrong)
    assert caught.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_what_was_missed_can_be_written_down(leaks: str, tmp_path: Path) -> None:
    out = tmp_path / "escaped.jsonl"
    asked = ("--check", "secret_leak", "--attacks", leaks, "--disguise", "upper_case", "--escaped")
    assert bench(*asked, str(out)) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    plain = f"the token is {KEY}"
    assert [row["disguise"] for row in rows] == ["", "upper_case"]
    assert (rows[1]["text"], rows[1]["plain"]) == (plain.upper(), plain)
    assert bench(*asked, str(tmp_path / "no" / "folder")) == 1


def test_files_that_cannot_be_used_are_told_with_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--attacks", str(tmp_path / "none.jsonl")) == 1
    assert "none.jsonl: cannot be read: no such file" in capsys.readouterr().err
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text('\n{"text": 3}\n{"no": 1}\n{\n')
    assert bench("--attacks", str(faulty)) == 1
    assert [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        f"{faulty}:{number}" for number in (2, 3, 4)
    ]
    faulty.write_text("x\n" * 50)
    assert bench("--attacks", str(faulty)) == 1
    assert len(capsys.readouterr().err.splitlines()) == bench_texts.MOST_PROBLEMS
    harmless = lines(tmp_path / "harmless.jsonl", {"text": "hello", "label": 0})
    assert bench("--attacks", harmless) == 1
    assert "there is no attack in it" in capsys.readouterr().err
    monkeypatch.setattr(bench_texts, "MAX_FILE_BYTES", 3)
    assert bench("--attacks", harmless) == 1
    assert "more than 3 bytes" in capsys.readouterr().err


def install_services(site: Path) -> None:
    """Two checks of somebody else that ask services: one with a secret, one without."""
    information = site / "services-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: services\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[stellwerk.guardrails]\nkeyed = keyed_check\nopen = open_check\n")
    body = (
        '"""A check that asks a service."""\n'
        "import msgspec\n"
        "from stellwerk.core.wire import Origin\n"
        "{secrets}\n"
        "class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):\n"
        '    """One option."""\n'
        '    api_key: str = ""\n'
        "class Asks:\n"
        "    origin = Origin('https', 'checks.example', 443)\n"
        "    max_texts = 1\n"
        "    capacity = None\n"
        "    def prepare(self, subjects):\n"
        "        raise NotImplementedError\n"
        "    def read(self, subjects, status, headers, body):\n"
        "        raise NotImplementedError\n"
        "def build(settings):\n"
        "    return Asks()\n"
    )
    (site / "keyed_check.py").write_text(body.format(secrets='SECRETS = ("api_key",)'))
    (site / "open_check.py").write_text(body.format(secrets=""))


def test_checks_that_ask_a_service_are_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], leaks: str
) -> None:
    install_services(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "stellwerk.toml").write_text(
        CONFIG
        + '[[guardrails]]\nuse = "keyed"\napi_key = "env:NOWHERE"\n'
        + '[[guardrails]]\nuse = "open"\n'
        + '[[guardrails]]\nuse = "secret_leak"\n'
    )
    monkeypatch.chdir(tmp_path)
    found = document(capsys, "--attacks", leaks, "--disguise", "leet")
    assert (found["checks"], found["left_out"]) == (["secret_leak"], ["keyed", "open"])
    assert bench("--attacks", leaks, "--disguise", "leet") == 0
    assert "secret_leak; not asked: keyed, open" in capsys.readouterr().out
    assert bench("--attacks", leaks, "--check", "open") == 1
    assert "no local check of requests is there to ask; these ask a service: open" in capsys.readouterr().err


def test_progress_is_shown_on_a_terminal(leaks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert bench("--check", "secret_leak", "--attacks", leaks, "--disguise", "leet") == 0
    assert "asking, 1 of 2" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_what_ships_is_of_both_kinds_and_never_learned_from() -> None:
    attacks, ordinary = texts(None, None)
    training = Path(__file__).parents[3] / "training/guardrails/train.jsonl"
    learned = {json.loads(line)["text"] for line in training.read_text(encoding="utf-8").splitlines()}
    assert not learned & {*attacks, *ordinary}
    assert len({*attacks, *ordinary}) == len(attacks) + len(ordinary)
