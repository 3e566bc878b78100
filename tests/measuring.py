"""Coverage, and when to do without it: it doubles what Python takes for a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measures nothing for a while, neither in this thread nor in processes that begin.

    Coverage does not hear of it: each ``start`` of its own adds once more to what the interpreter does at a fork.
    """
    tracing = sys.gettrace()
    sys.settrace(None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
            yield
    finally:
        sys.settrace(tracing)
