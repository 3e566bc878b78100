"""The documentation keeps its word: its configurations are accepted, its code compiles, its links lead somewhere."""

import re
from pathlib import Path

import pytest

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
SCENARIOS = [block for block in blocks("toml") if is_scenario(block[1])]


def test_there_are_examples_to_judge() -> None:
    assert len(CONFIGURATIONS) >= 2
    assert len(SCENARIOS) >= 3
    assert len(blocks("python")) >= 3


@pytest.mark.parametrize(
    ("page", "text"), CONFIGURATIONS, ids=[f"{n} {page}" for n, (page, _) in enumerate(CONFIGURATIONS)]
)
def test_a_configuration_that_is_shown_is_accepted_without_a_warning(
    page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for position, name in enumerate(SECRETS):
        monkeypatch.setenv(name, f"sk-4f8a1c9e7b2d5063-{position}-6e0b3d9f2a7c8514")
    file = tmp_path / "stellwerk.toml"
    file.write_text(text, encoding="utf-8")
    verdict = examine(file)
    assert verdict.lines == (), page
    assert [warning.render(page) for warning in verdict.warnings] == []


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
