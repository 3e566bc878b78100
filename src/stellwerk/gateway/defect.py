"""Reports an exception that nobody expected: its type and place go into the log, its text nowhere."""

from __future__ import annotations

import traceback

from stellwerk.supervisor.log import Log

FRAMES = 6


def report(log: Log, error: BaseException, request_id: str) -> None:
    """One line for operators. The message is left out: it may quote what a caller or a provider sent."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("request_failed", request_id=request_id, error=type(error).__name__, at=places)
