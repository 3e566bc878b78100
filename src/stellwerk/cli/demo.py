"""``stellwerk demo``: simulated providers, a gateway in front of them, and real traffic that shows what it does."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from stellwerk.errors import StellwerkError

START_S = 20.0
SCENARIO = """
seed = 7

[[providers]]
name = "north"
keys = ["north-secret"]
first_token_ms = { median = 60, p95 = 120 }
token_ms = { median = 4, p95 = 9 }

[[providers]]
name = "south"
keys = ["south-secret"]
first_token_ms = { median = 25, p95 = 60 }
token_ms = { median = 3, p95 = 6 }

[[providers]]
name = "broken"
keys = ["broken-secret"]
faults = [{ kind = 503, probability = 1.0 }]

[[providers]]
name = "claude"
dialect = "anthropic"
keys = ["claude-secret"]
prompt_cache = true
"""
CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
workers = 2

[admin]
listen = "127.0.0.1:0"
token = "env:STELLWERK_ADMIN_TOKEN"

[state]
directory = "state"

[[providers]]
name = "north"
kind = "openai"
base_url = "{north}"
api_key = "env:NORTH_KEY"

[[providers]]
name = "south"
kind = "compatible"
base_url = "{south}"
api_key = "env:SOUTH_KEY"

[[providers]]
name = "broken"
kind = "compatible"
base_url = "{broken}"
api_key = "env:BROKEN_KEY"

[[models]]
name = "smart"
targets = [{{ provider = "north", model = "gpt-5.2" }}]
guardrails = []

[[models]]
name = "sturdy"
guardrails = []
targets = [{{ provider = "broken", model = "gpt-5.2" }}, {{ provider = "south", model = "llama-4" }}]

[[models]]
name = "thrifty"
guardrails = []
optimize = {{ level = "balanced" }}
strategy = "cheapest"
targets = [{{ provider = "north", model = "gpt-5.2" }}, {{ provider = "north", model = "gpt-5-mini" }}]

[[providers]]
name = "claude"
kind = "anthropic"
base_url = "{claude}"
api_key = "env:CLAUDE_KEY"

[[models]]
name = "agent"
guardrails = []
targets = [{{ provider = "claude", model = "claude-sonnet-4-5" }}]
optimize = {{ prompt_cache = true }}

[[models]]
name = "faq"
guardrails = []
targets = [{{ provider = "north", model = "gpt-5.2" }}]
cache = {{ exact = true }}

[[models]]
name = "private"
targets = [{{ provider = "north", model = "gpt-5.2" }}]

[[guardrails]]
use = "pii"
action = "pseudonymize"

[[guardrails]]
use = "secret_leak"
action = "block"

[[keys]]
name = "shop"
key = "env:SHOP_KEY"
team = "web"

[[keys]]
name = "intern"
key = "env:INTERN_KEY"
models = ["sturdy"]
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--once", action="store_true", help="end when everything has been shown")


def run(options: argparse.Namespace) -> int:
    """Shows one capability after the other and prints what happened; 1 when one does not do what it should."""
    try:
        for name in ("anthropic", "boto3", "google.genai", "openai"):
            importlib.import_module(name)
    except ImportError:
        print("the demo speaks through the official SDKs: pip install 'stellwerk[demo]'", file=sys.stderr)
        return 1
    from stellwerk.cli.demo_story import tell

    interruption = _Interruption()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stellwerk-demo-")))
        providers = stack.enter_context(_simulators(folder))
        keys = {name: secrets.token_urlsafe(24) for name in ("SHOP_KEY", "INTERN_KEY", "STELLWERK_ADMIN_TOKEN")}
        keys |= {"NORTH_KEY": "north-secret", "SOUTH_KEY": "south-secret", "BROKEN_KEY": "broken-secret"}
        keys |= {"CLAUDE_KEY": "claude-secret"}
        (folder / "stellwerk.toml").write_text(CONFIGURATION.format(**providers))
        address = stack.enter_context(_gateway(folder, keys))
        steps = tell(f"http://{address}", keys, folder / "state", interruption.check, is_quiet=options.json)
        last_words = f"\nThe gateway goes on at http://{address}/v1 with the key {keys['SHOP_KEY']}\nCtrl-C ends it."
        if options.json:
            last_words = json.dumps(steps)
        if not options.once:
            _linger(last_words)
        elif options.json:
            print(last_words)
    return 0 if all(step["ok"] for step in steps) else 1


class _Interruption:
    """SIGINT and SIGTERM as an exception: everything that was started has to be ended, and its folder removed.

    An exception that is raised while a finalizer of some library runs gets lost; so whoever has the time asks again.
    """

    def __init__(self) -> None:
        self._has_come = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def check(self) -> None:
        """Raises ``KeyboardInterrupt`` if a signal has come."""
        if self._has_come:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: object) -> None:
        del number, frame
        self._has_come = True
        raise KeyboardInterrupt


def _linger(last_words: str) -> None:
    """Waits to be ended. Whoever reads the last words may say so at once, so the signals are held before."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    print(last_words, flush=True)
    signal.sigwait(ends)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)


@contextmanager
def _simulators(folder: Path) -> Iterator[dict[str, str]]:
    """Base URLs of the simulated providers by name."""
    (folder / "scenario.toml").write_text(SCENARIO)
    command = [sys.executable, "-m", "stellwerk.simulator", "--config", str(folder / "scenario.toml")]
    with _running(command, {}, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout is not None else b""
        if not line:
            raise StellwerkError("the provider simulators did not start")
        yield {provider["name"]: provider["base_url"] for provider in json.loads(line)["simulators"]}


@contextmanager
def _gateway(folder: Path, keys: dict[str, str]) -> Iterator[str]:
    """The address of a running gateway."""
    command = [sys.executable, "-m", "stellwerk", "up", "--config", str(folder / "stellwerk.toml")]
    log = folder / "gateway.log"
    with log.open("wb") as stream, _running(command, keys, stderr=stream) as process:
        deadline = time.monotonic() + START_S
        while not (run := _read(folder / "state" / "run.json")).get("workers"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise StellwerkError(f"the gateway did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield str(run["addresses"]["gateway"])


@contextmanager
def _running(command: list[str], environment: dict[str, str], **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=os.environ | environment, start_new_session=True, **streams)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found
