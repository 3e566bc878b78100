"""``stellwerk egress check``: a decision for each URL, in their order, and the exit status that goes with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stellwerk.cli import main

TEXT = """\
[egress]
allow = ["API.example.com", "*.amazonaws.com", "localhost:7000", "cdn.invalid"]
private = ["localhost=127.0.0.0/8", "localhost=::1"]

[[providers]]
name = "here"
kind = "compatible"
base_url = "http://127.0.0.1:9000/v1"

[[providers]]
name = "openai"
kind = "openai"
api_key = "env:OPENAI_API_KEY"
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "provider-key-of-good-length")
    path = tmp_path / "stellwerk.toml"
    path.write_text(TEXT)
    return path


def judged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    return found


def test_every_url_has_its_decision_in_the_order_of_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    urls = [
        "https://api.example.com/cat.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:9000/v1",
        "nonsense",
        "https://api.openai.com/v1",
        "https://amazonaws.com/",
        "https://api.example.com/cat.png",
    ]
    assert main(["egress", "check", *urls, "--json"]) == 1
    found = judged(capsys)
    assert [one["url"] for one in found] == urls
    assert [one["decision"] for one in found] == ["allow", "deny", "allow", "deny", "allow", "deny", "allow"]
    assert all(set(one) == {"url", "decision", "reason"} for one in found)
    assert found[3]["reason"].startswith("malformed")


def test_all_allowed_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["egress", "--json", "check", "https://s3.amazonaws.com/"]) == 0
    assert judged(capsys) == [
        {"url": "https://s3.amazonaws.com/", "decision": "allow", "reason": "listed as *.amazonaws.com"}
    ]


def test_a_line_for_each_url_is_printed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["egress", "check", "https://api.example.com/", "https://b.example/\n"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "allow  https://api.example.com/  (listed)",
        r"deny   'https://b.example/\n'  (malformed: it holds a blank, a backslash or a character that cannot be seen)",
    ]


def test_nothing_is_looked_up_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["egress", "check", "https://cdn.invalid/"]) == 0
    assert main(["egress", "check", "--resolve", "--json", "https://cdn.invalid/"]) == 1
    assert "cdn.invalid has no address" in json.loads(capsys.readouterr().out.splitlines()[-1])[0]["reason"]


def test_what_hosts_resolve_to_is_judged_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urls = ["https://localhost:7000/", "http://127.0.0.1:9000/v1", "nonsense", "https://b.example/"]
    assert main(["egress", "check", "--resolve", "--json", *urls]) == 1
    found = judged(capsys)
    assert [one["decision"] for one in found] == ["allow", "allow", "deny", "deny"]
    assert "127.0.0.1" in found[1]["reason"]
    config.write_text('[egress]\nallow = ["localhost"]\nprivate = ["localhost=10.0.0.0/8"]\n')
    assert main(["egress", "check", "--json", "https://localhost/"]) == 0
    assert judged(capsys)[0]["decision"] == "allow"
    assert main(["egress", "check", "--resolve", "--json", "https://localhost/"]) == 1
    assert "is loopback" in judged(capsys)[0]["reason"]


def test_report_mode_is_said_and_decides_as_if_it_were_enforced(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('[egress]\nmode = "report"\n')
    assert main(["egress", "check", "https://b.example/"]) == 1
    assert 'egress.mode is "report"' in capsys.readouterr().out
    config.write_text('[egress]\nmode = "off"\n')
    assert main(["egress", "check", "https://b.example/"]) == 0


def test_another_file_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.toml"
    other.write_text("")
    assert main(["egress", "check", "https://api.example.com/", "--config", str(other), "--json"]) == 1
    assert judged(capsys)[0]["reason"] == "api.example.com is not listed"


def test_a_bad_file_ends_with_1_and_its_problems(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('[egress]\nallow = ["https://a"]\n')
    assert main(["egress", "check", "https://a/", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.parametrize(
    "arguments", [[], ["check"], ["list"], ["check", "--resolv", "https://a/"], ["check", "--config"]]
)
def test_wrong_use_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["egress", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: stellwerk")
