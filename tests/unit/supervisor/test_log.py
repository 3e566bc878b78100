"""Log lines: one JSON object each, whatever the fields hold."""

import io
import json
from pathlib import Path

from stellwerk.supervisor.log import Log


def test_each_line_is_one_object_with_time_level_and_event() -> None:
    stream = io.StringIO()
    log = Log(stream, clock=lambda: 12.3456, process="supervisor")
    log.info("ready", workers=[1, 2])
    log.warning("notes", text="two\nlines")
    log.error("failed", path=Path("/a"), reason="ü")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines == [
        {"time": 12.346, "level": "info", "event": "ready", "process": "supervisor", "workers": [1, 2]},
        {"time": 12.346, "level": "warning", "event": "notes", "process": "supervisor", "text": "two\nlines"},
        {"time": 12.346, "level": "error", "event": "failed", "process": "supervisor", "path": "/a", "reason": "ü"},
    ]


def test_a_log_that_nobody_reads_any_more_is_no_reason_to_fall() -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    Log(Broken()).info("ready")


def test_what_may_not_be_written_down_is_taken_out_wherever_it_stands() -> None:
    stream = io.StringIO()
    log = Log(stream, clock=lambda: 1.0)
    log.redact = lambda text: text.replace("Anna", "[PERSON]")
    log.info("x", one="Anna", many=["Anna", 1], named={"by": "Anna"})
    line = json.loads(stream.getvalue())
    assert (line["one"], line["many"], line["named"]) == ("[PERSON]", ["[PERSON]", 1], {"by": "[PERSON]"})
