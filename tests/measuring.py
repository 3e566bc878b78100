"""Coverage, and when to do without it: it doubles what Python takes for a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from coverage import Coverage


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measures nothing for a while, neither here nor in processes that begin; nothing happens where nobody measures."""
    measuring = Coverage.current()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        if measuring is not None:
            measuring.stop()
        try:
            yield
        finally:
            if measuring is not None:
                measuring.start()
