"""The documentation keeps its word: its configurations are accepted, its code compiles, its links lead somewhere."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from stellwerk import plugins
from stellwerk.config.load import examine
from stellwerk.simulator import scenario

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SECRETS = ("OPENAI_API_KEY", "PROVIDER_KEY", "GROQ_API_KEY", "STELLWERK_ADMIN_TOKEN", "CALLER_KEY", "WEB_KEY")


def blocks(language: str) -> list[tuple[str, str]]:
    """Fenced blocks of all pages, each with the page's name."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            (page.name, block) for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        ]
    return found


def is_scenario(block: str) -> bool:
    """Simulated providers have a pace or faults, and no kind."""
    return "[[providers]]" in block and not re.search(r"^kind = ", block, re.MULTILINE)


def is_whole(block: str) -> bool:
    """A configuration that could be started as it stands."""
    return all(section in block for section in ("[state]", "[[providers]]", "[[models]]", "[[keys]]"))


CONFIGURATIONS = [block for block in blocks("toml") if is_whole(block[1])]
ROUTING = re.findall(
    r"^```toml\n(.*?)^```", (ROOT / "docs/how-to/routing.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
"""A whole configuration, and pieces that go with it."""
SCENARIOS = [block for block in blocks("toml") if is_scenario(block[1])]


def test_there_are_examples_to_judge() -> None:
    assert len(CONFIGURATIONS) >= 2
    assert len(SCENARIOS) >= 3
    assert len(blocks("python")) >= 3


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for position, name in enumerate(SECRETS):
        monkeypatch.setenv(name, f"sk-4f8a1c9e7b2d5063-{position}-6e0b3d9f2a7c8514")


def assert_accepted(text: str, page: str, folder: Path) -> None:
    file = folder / "stellwerk.toml"
    file.write_text(text, encoding="utf-8")
    verdict = examine(file)
    assert verdict.lines == (), page
    assert [warning.render(page) for warning in verdict.warnings] == []


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("page", "text"), CONFIGURATIONS, ids=[f"{n} {page}" for n, (page, _) in enumerate(CONFIGURATIONS)]
)
def test_a_configuration_that_is_shown_is_accepted_without_a_warning(page: str, text: str, tmp_path: Path) -> None:
    assert_accepted(text, page, tmp_path)


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("piece", ROUTING[1:], ids=range(1, len(ROUTING)))
def test_a_piece_of_routing_goes_with_the_configuration_that_is_shown(piece: str, tmp_path: Path) -> None:
    whole = ROUTING[0]
    if "[[models]]" in piece:
        whole, _, _ = whole.partition("[[models]]")
    assert_accepted(whole + piece, "routing.md", tmp_path)


def test_the_page_on_routing_shows_each_strategy_that_is_not_the_default() -> None:
    page = (ROOT / "docs/how-to/routing.md").read_text("utf-8")
    assert [name for name in plugins.shelf("strategies") if f"| `{name}`" not in page] == []


@pytest.mark.parametrize("strategy", plugins.shelf("strategies"))
def test_each_strategy_is_explained_with_a_picture_of_an_outage(strategy: str) -> None:
    page = ROOT / "docs" / "explanation" / "strategies.md"
    _, heading, rest = page.read_text("utf-8").partition(f"\n## {strategy}\n")
    assert heading, "it has no section"
    section, _, _ = rest.partition("\n## ")
    shown = re.search(r"!\[[^]]+\]\(([^)]+)\)", section)
    assert shown is not None, "its section has no picture"
    picture = (page.parent / shown[1]).resolve()
    assert picture.name == f"{strategy}.svg"
    drawing = picture.read_text("utf-8")
    root = ET.fromstring(drawing)  # noqa: S314  # a file of our own
    assert (root.findtext("{*}title") or "").startswith(f"{strategy} ")
    assert "None of" in (root.findtext("{*}desc") or "")
    assert "prefers-color-scheme: dark" in drawing


@pytest.mark.parametrize(("page", "text"), SCENARIOS, ids=[f"{n} {page}" for n, (page, _) in enumerate(SCENARIOS)])
def test_a_scenario_that_is_shown_is_accepted(page: str, text: str) -> None:
    assert scenario.parse(text).providers, page


def test_python_that_is_shown_compiles() -> None:
    for page, text in blocks("python"):
        compile(text, page, "exec")


def test_links_between_pages_lead_somewhere() -> None:
    generated = {"stellwerk.schema.json"}
    for page in PAGES:
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        inside = [link for link in links if "://" not in link and Path(link).name not in generated]
        assert [link for link in inside if not (page.parent / link).exists()] == [], page.name
