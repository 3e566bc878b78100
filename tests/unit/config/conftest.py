"""A configuration file in a folder, what is said about it, and a plugin of somebody else beside the platform."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.load import examine

Write = Callable[[str], Path]
Said = Callable[[str], list[str]]

GUEST = '''
from typing import Annotated, Literal

import msgspec

SECRETS = ("password", "spare")


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom it asks for."""

    user: str
    shares: list[int] = []


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that an option can be."""

    password: str
    spare: str = ""
    mode: Literal["fast", "slow"] = "fast"
    modes: list[Literal["fast", "slow"]] = []
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    ratio: float = 1.0
    account: Account | None = None
    labels: dict[str, str] = {}
    host: str = ""

    def __post_init__(self) -> None:
        if self.password == self.spare:
            raise ValueError(f"{self.password} is given twice")
        if self.host == "nowhere":
            raise ValueError(f"there is no {self.host}")


def build(settings: Settings) -> Settings:
    return settings
'''


HEAD = """\
[[providers]]
name = "up"
kind = "compatible"
base_url = "http://127.0.0.1:9/v1"

[[models]]
name = "m"
targets = [{ provider = "up", model = "x" }]

[[keys]]
name = "k"
key = "env:K"
"""
"""Twelve lines without a fault."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that the examples refer to."""
    monkeypatch.setenv("ADMIN_TOKEN", "admin-token-of-good-length")
    monkeypatch.setenv("OPENAI_API_KEY", "provider-key-of-good-length")
    monkeypatch.setenv("LOCAL_URL", "http://127.0.0.1:9000/v1")
    monkeypatch.setenv("WEB_KEY", "caller-key-of-good-length")
    monkeypatch.setenv("K", "another-key-of-good-length")
    monkeypatch.setenv("WEAK", "short")
    monkeypatch.setenv("SPACED", "a key with spaces in it")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("SAME", "another-key-of-good-length")
    monkeypatch.setenv("NOWHERE", "nowhere")


@pytest.fixture
def head() -> str:
    """Twelve lines without a fault."""
    return HEAD


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes ``stellwerk.toml`` and returns its path."""

    def to_file(text: str) -> Path:
        path = tmp_path / "stellwerk.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def said(write: Write) -> Said:
    """Judges a text and returns the problems without the file's folder."""

    def of(text: str) -> list[str]:
        path = write(text)
        return [line.replace(f"{path.parent}/", "") for line in examine(path).lines]

    return of


@pytest.fixture
def warned(write: Write) -> Said:
    """Judges a text and returns the warnings without the file's folder."""

    def of(text: str) -> list[str]:
        path = write(text)
        return [warning.render(path.name) for warning in examine(path).warnings]

    return of


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider plugin ``guest`` and a broken one, as pip would have installed them."""
    site = tmp_path / "site"
    information = site / "guest_plugin-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: guest-plugin\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[stellwerk.providers]\nguest = stellwerk_guest\nbroken = stellwerk_broken\n"
        "[stellwerk.strategies]\nbroken = stellwerk_broken\n"
    )
    (site / "stellwerk_guest.py").write_text(GUEST)
    (site / "stellwerk_broken.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(site))
