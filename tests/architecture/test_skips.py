"""Where everything is installed nothing may be skipped: a skip is a failure there, and only there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"

SKIPPED_TEST = "import pytest\n\ndef test_it():\n    pytest.skip('no nginx')\n"
SKIPPED_FILE = "import pytest\n\npytest.skip('no nginx', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    raise ValueError\n"


def outcome(folder: Path, source: str, *, in_ci: bool) -> tuple[int, str]:
    """Runs one test file under the project's conftest."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_one.py").write_text(source, encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("STELLWERK_CI", "PYTEST_"))
    }
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what the conftest does needs none, and some take a second
    if in_ci:
        environment["STELLWERK_CI"] = "1"
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder, folder],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout


@pytest.mark.parametrize("source", [SKIPPED_TEST, SKIPPED_FILE], ids=["a test", "a file"])
def test_a_skip_fails_in_ci(tmp_path: Path, source: str) -> None:
    status, output = outcome(tmp_path, source, in_ci=True)
    assert status != 0
    assert "nothing may be skipped here" in output
    assert "no nginx" in output


@pytest.mark.parametrize("source", [SKIPPED_TEST, SKIPPED_FILE], ids=["a test", "a file"])
def test_a_skip_is_reported_elsewhere(tmp_path: Path, source: str) -> None:
    status, output = outcome(tmp_path, source, in_ci=False)
    assert status == (0 if source == SKIPPED_TEST else 5)
    assert "1 skipped" in output


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    status, output = outcome(tmp_path, EXPECTED_FAILURE, in_ci=True)
    assert status == 0
    assert "1 xfailed" in output
