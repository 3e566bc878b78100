"""Command-line options that the benchmarks share."""

import argparse
from collections.abc import Callable, Collection
from pathlib import Path

DEFAULT_PEER_HOME = Path.home() / ".cache" / "stellwerk-peers"


def add_environment_options(parser: argparse.ArgumentParser) -> None:
    """Where peers are, and which mock stands behind the gateways."""
    add = parser.add_argument
    add("--peer-home", type=Path, default=DEFAULT_PEER_HOME, help="where peers are installed (default: %(default)s)")
    add("--mock", type=Path, help="a mock of yours, started as MOCK --port N, instead of the kit's")
    add("--mock-url", help="a mock of yours that runs already, on loopback")


def names_of(known: Collection[str]) -> Callable[[str], list[str]]:
    """A comma-separated list of known names."""

    def comma_separated(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)} (known: {', '.join(known)})")
        return names

    return comma_separated


def positive(text: str) -> int:
    """A whole number above zero; digits may be grouped by underscores."""
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def whole_numbers(text: str) -> list[int]:
    """A comma-separated list of numbers above zero."""
    return [positive(number) for number in text.split(",") if number]
