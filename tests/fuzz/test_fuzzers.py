"""The fuzzers work: their seeds pass, an input means the pieces that it says, and a short run finds nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.fuzz.kit.harness import cut, uncut

FOLDER = Path(__file__).parent
FUZZERS = sorted(path for path in FOLDER.glob("*.py") if not path.stem.startswith(("test_", "conftest")))
RUN_S = 2


def module_of(path: Path) -> ModuleType:
    """A fuzzer as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_fuzzers_for_every_parser() -> None:
    assert {path.stem for path in FUZZERS} >= {
        "caller_bytes",
        "issuer_tokens",
        "openai_chat_body",
        "provider_bytes",
        "sse",
        "text",
        "verdicts",
    }


@pytest.mark.parametrize("path", FUZZERS, ids=lambda path: path.stem)
def test_the_seeds_of_a_fuzzer_pass_in_any_pieces(path: Path) -> None:
    module = module_of(path)
    check: Callable[[list[bytes]], object] = module.load()
    for seed in module.seeds():
        check([seed])
        check(cut(b"\x03" + b"\x00\x05\x00\x17\x01\x01" + seed))
        for place in range(0, len(seed), 1 + len(seed) // 20):
            check([seed[:place], seed[place:]])


def test_an_input_is_cut_where_it_says() -> None:
    assert cut(uncut(b"hello")) == [b"hello"]
    assert cut(b"") == [b""]
    assert cut(b"\x02\x00\x04\x00\x01hello") == [b"h", b"ell", b"o"]
    assert b"".join(cut(b"\xff" + bytes(range(60)))) == bytes(range(14, 60))


if importlib.util.find_spec("atheris") is not None:

    @pytest.mark.parametrize("path", FUZZERS, ids=lambda path: path.stem)
    def test_a_short_run_finds_nothing(path: Path, tmp_path: Path) -> None:
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        finished = subprocess.run(
            [sys.executable, path, f"-max_total_time={RUN_S}", f"-artifact_prefix={tmp_path}/", corpus],
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        assert "Done" in finished.stderr
