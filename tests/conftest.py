"""What holds for every test: how hard hypothesis looks, what is measured, and that nothing is skipped in CI."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile("default", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "fuzz",
    max_examples=100_000,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)

NOTHING_MAY_BE_SKIPPED = os.environ.get("STELLWERK_CI") == "1"

UNMEASURED = tuple(
    Path(__file__).parent / place
    for place in (
        "fuzz",
        "property",
        "integration/gateway/test_crowds.py",
        "integration/gateway/test_fault_matrix.py",
        "integration/test_admin_schema.py",
    )
)
"""Tests of what comes out, which run no line that others do not run: measuring would double their time."""
MEASURED = frozenset(
    {
        "test_bedrock_converse",
        "test_cache_breakpoints",
        "test_cost",
        "test_entry_table",
        "test_foresight",
        "test_json_splice",
        "test_json_table",
        "test_ledger",
        "test_media",
        "test_purges",
        "test_recall_keys",
        "test_values",
    }
)
"""Properties that alone run some lines of the folders that have to be complete."""

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if NOTHING_MAY_BE_SKIPPED else "default"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Imports all tests and what they test, which one of the processes measures for all.

    The collector of garbage is spared the tests themselves, a million objects: it would look at each every time.
    """
    gc.disable()
    try:
        if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
            return (yield)
        from tests.measuring import unmeasured

        with unmeasured():
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish() -> None:
    """Writes what was measured while nobody waits: a process of pytest-xdist that takes long to end is killed."""
    from coverage import Coverage

    if (measuring := Coverage.current()) is not None:
        measuring.save()


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Measures coverage of a file of tests, and of the processes that they start, where that tells anything new."""
    if request.path.stem not in MEASURED and any(request.path.is_relative_to(place) for place in UNMEASURED):
        from tests.measuring import unmeasured

        with unmeasured():
            yield
    else:
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Turns the skip of a test into a failure in CI; an expected failure stays one."""
    report = yield
    return _without_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Turns the skip of a whole file into a failure in CI."""
    report = yield
    return _without_skip(report)


def _without_skip(report: Any) -> Any:
    if NOTHING_MAY_BE_SKIPPED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here: {report.longrepr}"
    return report
