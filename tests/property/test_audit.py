"""The audit log: whatever is done to its files afterwards is found."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.audit.files import Head
from stellwerk.audit.log import ChainedLog
from stellwerk.audit.verify import entries, verify

texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.none() | st.dictionaries(texts, values, max_size=4)


def written(directory: Path, count: int, *, segment_bytes: int = 600) -> None:
    """A log of several segments."""
    log = ChainedLog(directory, segment_bytes=segment_bytes)
    for number in range(count):
        log.record(time_s=float(number), who="ops", what="key.change", target=f"k{number}", after={"team": "shop"})


def every_file(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.name != "lock")


def test_every_single_byte_that_is_changed_is_found() -> None:
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        written(directory, 4)
        assert not verify(directory).findings
        for path in every_file(directory):
            content = path.read_bytes()
            for place, byte in enumerate(content):
                for other in {byte ^ 1, byte ^ 32, byte ^ 128, 0, 10, 32} - {byte}:
                    path.write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
                    assert verify(directory).findings, (path.name, place, other)
            path.write_bytes(content)
        assert not verify(directory).findings


@given(data=st.data())
def test_lines_that_are_removed_repeated_or_exchanged_are_found(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        written(directory, data.draw(st.integers(3, 9)), segment_bytes=data.draw(st.sampled_from([1, 700, 10**6])))
        lines = [(path, line) for path in every_file(directory)[:-1] for line in path.read_bytes().splitlines(True)]
        order = list(range(len(lines)))
        changed = data.draw(
            st.lists(st.sampled_from(order), min_size=2, max_size=len(order) + 2).filter(lambda found: found != order)
        )
        rewritten = {path: b"" for path, _ in lines}
        for place, line in enumerate(changed):
            path = lines[min(place, len(lines) - 1)][0]
            rewritten[path] += lines[line][1]
        for path, content in rewritten.items():
            path.write_bytes(content)
        assert verify(directory).findings


@given(cut=st.integers(1, 5_000))
def test_an_end_that_is_cut_off_is_found(cut: int) -> None:
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        written(directory, 6, segment_bytes=10**6)
        segment = directory / "00000001.jsonl"
        content = segment.read_bytes()
        segment.write_bytes(content[:-cut])
        assert verify(directory).findings


@given(before=objects, after=objects, who=texts, target=texts, time_s=st.floats(0, 1e12))
def test_whatever_is_recorded_is_read_again(
    before: dict[str, object] | None, after: dict[str, object] | None, who: str, target: str, time_s: float
) -> None:
    with TemporaryDirectory() as folder:
        log = ChainedLog(Path(folder))
        log.record(time_s=time_s, who=who, what="a", target=target, before=before, after=after)
        log.record(time_s=time_s, who=who, what="b", target=target)
        first, second = entries(Path(folder))
        assert (first["time"], first["who"], first["target"]) == (time_s, who, target)
        assert second["previous"] == first["hash"]
        verdict = verify(Path(folder), expected=Head(1, first["hash"]))
        assert (verdict.entries, verdict.findings) == (2, ())
