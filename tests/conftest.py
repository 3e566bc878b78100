"""What holds for every test: how hard hypothesis looks, and that nothing is skipped where everything is installed."""

import os
from collections.abc import Generator
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

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if NOTHING_MAY_BE_SKIPPED else "default"))


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
