"""Appending to the audit log: several processes, crashes, damage, secrets; and what the command line says of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stellwerk.audit.chain import MAX_ENTRY_BYTES
from stellwerk.audit.files import Head
from stellwerk.audit.log import ChainedLog
from stellwerk.audit.verify import entries, verify
from stellwerk.cli import main
from stellwerk.errors import StoreUnavailable

WRITER = """
import sys
from pathlib import Path
from stellwerk.audit.log import ChainedLog
log = ChainedLog(Path(sys.argv[1]), segment_bytes=2000)
for number in range(50):
    log.record(time_s=1.0, who=sys.argv[2], what="key.create", target=str(number))
"""


def write(directory: Path, *targets: str) -> None:
    for target in targets:
        ChainedLog(directory).record(time_s=1.5, who="ops", what="key.create", target=target, after={"team": "shop"})


def test_processes_append_by_turns(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, name]) for name in ("a", "b", "c", "d")]
    assert [writer.wait(50) for writer in writers] == [0] * 4
    verdict = verify(tmp_path)
    assert (verdict.entries, verdict.findings) == (200, ())
    for name in ("a", "b", "c", "d"):
        assert [entry["target"] for entry in entries(tmp_path) if entry["who"] == name] == [str(n) for n in range(50)]


def test_a_line_that_a_crash_cut_short_is_found_and_removed_by_the_next_entry(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    with (tmp_path / "00000001.jsonl").open("ab") as segment:
        segment.write(b'{"after":null,"bef')
    assert [finding.line for finding in verify(tmp_path).findings] == [3]
    write(tmp_path, "c")
    assert [entry["target"] for entry in entries(tmp_path)] == ["a", "b", "c"]
    assert not verify(tmp_path).findings


def test_a_crash_between_an_entry_and_the_head_is_no_damage(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    head = (tmp_path / "head").read_bytes()
    write(tmp_path, "c")
    (tmp_path / "head").write_bytes(head)
    assert not verify(tmp_path).findings
    write(tmp_path, "d")
    assert verify(tmp_path).entries == 4
    assert not verify(tmp_path).findings


def test_a_crash_between_a_segment_and_its_first_entry_is_no_damage(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    (tmp_path / "00000002.jsonl").touch()
    assert not verify(tmp_path).findings
    write(tmp_path, "c")
    assert [entry["number"] for entry in entries(tmp_path, after=1)] == [2, 3]
    assert not verify(tmp_path).findings


@pytest.mark.parametrize("damage", ["shortened", "changed", "head away", "head spoiled"])
def test_nothing_is_appended_to_a_damaged_end(tmp_path: Path, damage: str) -> None:
    write(tmp_path, "a", "b", "c")
    segment, head = tmp_path / "00000001.jsonl", tmp_path / "head"
    match damage:
        case "shortened":
            segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
        case "changed":
            segment.write_bytes(segment.read_bytes()[:-3] + b"?}\n")
        case "head away":
            head.unlink()
        case _:
            head.write_bytes(b"nonsense")
    size = segment.stat().st_size
    with pytest.raises(StoreUnavailable, match="damaged"):
        write(tmp_path, "d")
    assert segment.stat().st_size == size
    assert verify(tmp_path).findings


def test_a_missing_segment_is_found(tmp_path: Path) -> None:
    log = ChainedLog(tmp_path, segment_bytes=1)
    for _ in range(3):
        log.record(time_s=0.0, who="ops", what="a", target="b")
    (tmp_path / "00000002.jsonl").unlink()
    assert {finding.file for finding in verify(tmp_path).findings} == {"00000003.jsonl"}


def test_secrets_are_left_out_wherever_they_stand(tmp_path: Path) -> None:
    after = {"key": "never-tell", "list": [{"Token": "never-tell"}], "keys": ["shown"], "token": {"name": "shown"}}
    ChainedLog(tmp_path).record(time_s=0.0, who="ops", what="a", target="b", after=after)
    (entry,) = entries(tmp_path)
    assert entry["after"]["keys"] == ["shown"]
    assert entry["after"]["token"] == {"name": "shown"}
    assert "never-tell" not in (tmp_path / "00000001.jsonl").read_text()


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    write(tmp_path / "audit", "a")
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "audit", *(tmp_path / "audit").iterdir())] == [0] * 4


def test_what_is_no_json_or_too_long_is_refused_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    log = ChainedLog(tmp_path)
    for value in (float("nan"), "x" * MAX_ENTRY_BYTES):
        with pytest.raises(ValueError, match=r"compliant|at most"):
            log.record(time_s=0.0, who="ops", what="a", target="b", after={"value": value})
    write(tmp_path, "c")
    assert verify(tmp_path).entries == 1


def test_a_folder_that_cannot_be_written_stops_the_change(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        write(tmp_path / "audit", "a")


def test_the_whole_chain_made_anew_is_found_by_an_entry_written_down_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "true", "a", "b")
    write(tmp_path / "false", "a", "x", "b")
    expected = verify(tmp_path / "true").head
    assert not verify(tmp_path / "false").findings
    assert verify(tmp_path / "false", expected=expected).findings
    assert verify(tmp_path / "true", expected=Head(9, expected.hash)).findings
    assert not verify(tmp_path / "true", expected=expected).findings


def test_an_empty_log_holds(tmp_path: Path) -> None:
    assert verify(tmp_path / "nowhere").entries == 0
    assert not verify(tmp_path / "nowhere").findings


def test_the_command_verifies_and_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    (tmp_path / "stellwerk.toml").write_text(f'[state]\ndirectory = "{state}"\n')
    write(state / "audit", "a", "b")
    config = ["--config", str(tmp_path / "stellwerk.toml")]
    assert main(["audit", "verify", "--json", *config]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["entries"], told["head"]["number"]) == (True, 2, 2)
    assert main(["audit", "verify", *config, "--expect", f"2:{told['head']['hash']}"]) == 0
    assert "the chain holds" in capsys.readouterr().out
    assert main(["audit", "export", *config, "--after", "1"]) == 0
    assert [json.loads(line)["target"] for line in capsys.readouterr().out.splitlines()] == ["b"]
    (state / "audit" / "00000001.jsonl").write_bytes(b"nonsense\n")
    assert main(["audit", "verify", *config]) == 1
    assert "00000001.jsonl:1: this is no entry" in capsys.readouterr().out
    assert main(["audit", "export", *config]) == 1
    assert "no entry" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["audit", "verify", "--expect", "2"])


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "00000001.jsonl").mkdir()
    assert main(["audit", "verify", "--directory", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
