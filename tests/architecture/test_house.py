"""The rules of the house: docstrings, clean words, documented decisions, honest feature list, sound lock files."""

import ast
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

import stellwerk

ROOT = Path(__file__).parent.parent.parent
CODE = ("src", "tests", "benchmarks", "scripts")
MAKE_TARGETS = ("demo", "test", "check", "fuzz", "soak", "matrix", "bench")

# One letter of each word stands in brackets, so that this file does not contain what it looks for.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.~])/(?:[w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/"),
    "a folder outside the project": re.compile(r"\.\./[s]hared"),
    "the address of a package index": re.compile(
        r"[p]ypi\.org|[p]ythonhosted\.org|registry\.[n]pmjs|deb\.[d]ebian\.org|[i]ndex-url\s*=?\s*\S+://"
    ),
    "work left for later": re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX)\b"),
}


def tracked_files() -> list[Path]:
    """What is committed or about to be; in a tree without git everything that is not hidden."""
    if not (ROOT / ".git").exists():
        found = [
            path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
        return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return sorted(path for path in paths if path.is_file())


def python_files() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE]


def lock_files() -> list[Path]:
    return sorted((ROOT / "requirements").glob("*.txt"))


def feature_table() -> list[tuple[str, str]]:
    """Rows of README's table of features, as they stand."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("| Feature | Folder |\n")
    rows = []
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            break
        feature, folder = (cell.strip() for cell in line.strip("|").split("|"))
        rows.append((feature, folder))
    return rows


def test_every_module_begins_with_a_docstring() -> None:
    files = python_files()
    assert len(files) > 50
    silent = [path for path in files if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert not silent


def test_most_files_are_short() -> None:
    lengths = {
        path: len(path.read_bytes().splitlines()) for path in python_files() if path.is_relative_to(ROOT / "src")
    }
    longer = {path.name: length for path, length in lengths.items() if length > 250}
    assert len(longer) <= len(lengths) / 10, longer
    assert not {name: length for name, length in longer.items() if length > 600}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_committed_file_contains(kind: str) -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in FORBIDDEN[kind].finditer(text)]
    assert not found


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("a path of somebody's machine", "see /wo" + "rk/main/src"),
        ("a path of somebody's machine", 'open("/ro' + 'ot/key")'),
        ("a folder outside the project", "cat ../sh" + "ared/notes.md"),
        ("the address of a package index", "--extra-index" + "-url file:///tmp/simple"),
        ("the address of a package index", "https://py" + "pi.org/simple"),
        ("work left for later", "# TO" + "DO: later"),
    ],
    ids=str,
)
def test_the_search_for_forbidden_words_finds(kind: str, line: str) -> None:
    assert FORBIDDEN[kind].search(line)


def test_every_decision_record_is_in_the_navigation_and_in_its_index() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert len(records) > 10
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    index = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    for record in records:
        assert f"decisions/{record.name}" in navigation
        assert f"({record.name})" in index


def test_every_decision_record_has_the_same_four_parts() -> None:
    for record in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
        headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Measured"], record.name


def test_every_feature_of_the_readme_has_one_folder_of_its_own() -> None:
    rows = feature_table()
    assert len(rows) >= 10
    folders = []
    for feature, cell in rows:
        named = re.findall(r"`([^`]+)`", cell)
        assert len(named) == 1, f"{feature}: {cell}"
        assert (ROOT / named[0]).is_dir(), f"{feature}: {cell}"
        assert any((ROOT / named[0]).rglob("*.py")), f"{feature}: {cell} is empty"
        folders += named
    assert len(set(folders)) == len(folders)
    assert len({feature for feature, _ in rows}) == len(rows)


def test_the_version_is_the_same_everywhere() -> None:
    assert version("stellwerk") == stellwerk.__version__
    assert f"## {stellwerk.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_command_that_the_readme_gives_for_the_tests_is_make_test() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- command: test -->\n\n```sh\nmake test\n```" in readme


@pytest.mark.parametrize("target", MAKE_TARGETS)
def test_make_knows(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.* ## .+$", makefile, re.MULTILINE)


@pytest.mark.parametrize("lock", lock_files(), ids=lambda path: path.stem)
def test_every_locked_requirement_is_pinned_with_hashes_and_names_no_place(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "/" not in text
    requirements = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    stated = [line for line in requirements if line.strip()]
    assert stated
    for line in stated:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==\S+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+\s*", line), line


def test_the_lock_files_agree_with_one_another() -> None:
    pins: dict[str, set[str]] = {}
    for lock in lock_files():
        for name, pin in re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
            pins.setdefault(name, set()).add(pin)
    everything = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    apart = {name: found for name, found in pins.items() if len(found) > 1 and f"\n{name}==" in everything}
    resolved_twice = {name for name in apart if everything.count(f"\n{name}==") > 1}
    assert set(apart) == resolved_twice


def test_every_runtime_requirement_of_the_project_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    names = re.findall(r'^\s*"([a-z0-9-]+)', listed, re.MULTILINE)
    assert names
    locked = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    assert [name for name in names if f"\n{name}==" not in locked] == []
