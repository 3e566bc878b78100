"""How commands find the admin API and what they say when nobody answers, or answers something else."""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from stellwerk.cli import main
from stellwerk.cli.admin_client import day, duration, moment

ADMIN = '[admin]\ntoken = "env:THE_TOKEN"\n'


class Server(HTTPServer):
    """Answers what the test says, one answer after the other."""

    answers: list[tuple[int, bytes]]
    seen: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    """Gives the next answer; none is a connection that breaks."""

    server: Server

    def do_GET(self) -> None:
        """Answers."""
        self.server.seen.append((self.path, self.headers.get("idempotency-key")))
        status, body = self.server.answers.pop(0)
        if status:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def do_POST(self) -> None:
        """Answers too."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.answers, found.seen = [], []
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("THE_TOKEN", "never-tell-0123456789")
    (tmp_path / "stellwerk.toml").write_text(ADMIN)
    return str(tmp_path / "stellwerk.toml")


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_without_a_gateway_there_is_nobody_to_ask(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "list", "--config", config]) == 1
    assert "no gateway runs" in capsys.readouterr().err


def test_without_a_token_nobody_is_let_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stellwerk.toml").write_text("")
    assert main(["keys", "list", "--config", str(tmp_path / "stellwerk.toml")]) == 1
    assert "admin.token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "expected"), [("127.0.0.1:1", "127.0.0.1:1"), ("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1")]
)
def test_the_address_is_where_it_runs(
    config: str, address: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Path(config).parent / "state"
    state.mkdir()
    (state / "run.json").write_text(json.dumps({"addresses": {"admin": address}}))
    assert main(["keys", "list", "--config", config]) == 1
    assert f"{expected} does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((401, b'{"title": "No valid token", "detail": "send a valid bearer token"}'), "No valid token: send a valid"),
        ((502, b"<html>"), "answers with status 502"),
        ((422, b'{"title": "T", "errors": [{"pointer": "#/body/name", "detail": "short"}]}'), "T: name: short"),
    ],
)
def test_a_refusal_is_told(
    config: str, server: Server, answer: tuple[int, bytes], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers.append(answer)
    assert main(["budgets", "--url", url(server), "show", "team:shop", "--config", config]) == 1
    told = capsys.readouterr().err
    assert expected in told
    assert "never-tell" not in told


def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_key(config: str, server: Server) -> None:
    server.answers += [(0, b""), (404, b'{"title": "T", "detail": ""}')]
    assert main(["keys", "create", "till", "--config", config, "--url", url(server)]) == 1
    (first, key), (second, same) = server.seen
    assert first == second == "/admin/v1/keys"
    assert key == same
    assert key


def test_an_address_that_is_none_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "list", "--config", config, "--url", "ftp://x"]) == 1
    assert "expected a URL" in capsys.readouterr().err


def test_times_are_written_for_people() -> None:
    assert moment("2027-01-31") == 1_801_353_600
    assert moment("2027-01-31T01:00+01:00") == 1_801_353_600
    assert abs(moment("2h") - time.time() - 7_200) < 5
    assert (duration("0"), duration("90s"), duration("1w")) == (0, 90, 604_800)
    assert (day(None), day(1_801_353_600)) == ("never", "2027-01-31 00:00")
    for read in (moment, duration):
        with pytest.raises(argparse.ArgumentTypeError):
            read("soon")
