"""`python -m benchmarks NAME …`: the benchmarks under one name, which is one of `COMMANDS`; without it, load."""

import sys
from importlib import import_module

COMMANDS = (
    "load",
    "streams",
    "soak",
    "micro",
    "routing",
    "hedging",
    "outage",
    "directory",
    "estimates",
    "compute",
    "embedders",
    "pii",
    "guardrails",
    "guardrail_times",
    "holding",
    "caches",
    "recalling",
    "breakpoints",
    "tokens",
)


def main() -> int:
    """Run the benchmark that the first argument names."""
    arguments = sys.argv[1:]
    name = arguments.pop(0) if arguments and arguments[0] in COMMANDS else COMMANDS[0]
    status: int = import_module(f"benchmarks.{name}").main(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
