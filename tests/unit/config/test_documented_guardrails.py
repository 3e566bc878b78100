"""What the pages of checks and of policy packs show as configuration can be used as it stands."""

import re
from pathlib import Path

import pytest

from stellwerk import plugins
from stellwerk.config import packs
from stellwerk.config.compile import compile_file

DOCS = Path(__file__).parents[3] / "docs"
PAGES = (
    "guardrails/grounding",
    "guardrails/json_schema",
    "guardrails/length",
    "guardrails/pattern",
    "guardrails/topic",
)
EXAMPLE = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", [*PAGES, "how-to/policy-packs"])
def test_examples_of_configuration_can_be_used(page: str, tmp_path: Path) -> None:
    examples = EXAMPLE.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert examples
    for number, example in enumerate(examples):
        if example.startswith("# mine.toml"):
            assert packs.parse(example, "mine.toml").title
            continue
        path = tmp_path / f"{number}.toml"
        path.write_text(example)
        for spec in compile_file(path).guardrails:
            assert plugins.build("guardrails", spec.use, spec.options)
