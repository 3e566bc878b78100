"""A small compiler: JSON in, JSON with the version out; says what it does not like and ends with 1."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    source, out, version = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    if source.read_text() == "slow":
        time.sleep(3600)
    try:
        config = json.loads(source.read_text())
    except ValueError as error:
        say(json.dumps({"level": "error", "text": f"{source.name}: {error}"}))
        say("this line is no JSON")
        return 1
    for warning in config.get("warnings", ()):
        say(json.dumps({"level": "warning", "text": warning}))
    draft = out.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**config, "version": version}))
    draft.replace(out)
    return 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
