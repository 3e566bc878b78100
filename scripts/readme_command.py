"""Prints the command that README.md gives under a name, so that CI runs the very words that users read.

The command is the fenced block after the comment ``<!-- command: NAME -->``.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def readme_command(text: str, name: str) -> str:
    """The body of the block marked with ``name``. Raises ``LookupError`` when there is not exactly one."""
    found: list[str] = re.findall(rf"<!-- command: {re.escape(name)} -->\n+```sh\n(.*?)```", text, re.DOTALL)
    if len(found) != 1:
        message = f"{len(found)} blocks are marked 'command: {name}', one is expected"
        raise LookupError(message)
    return found[0].strip()


def main(arguments: list[str]) -> int:
    """Prints one command."""
    if len(arguments) != 1:
        print("usage: readme_command.py NAME", file=sys.stderr)
        return 2
    print(readme_command(README.read_text(encoding="utf-8"), arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
