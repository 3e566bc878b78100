"""Plugins: found by name, checked, built; our own and those of others."""

from pathlib import Path

import pytest

from stellwerk import plugins
from stellwerk.errors import ConfigurationError

MODULES = {
    "stellwerk_good": """
import msgspec
SECRETS = ("key",)
class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str = ""
    size: int = 1
    def __post_init__(self):
        if self.key == "refused-secret":
            raise ValueError("what is " + self.key)
def build(settings, *, given=None):
    return (settings.key, settings.size, given)
""",
    "stellwerk_raises": "raise RuntimeError('no licence')",
    "stellwerk_empty": "",
    "stellwerk_dict": "Settings = dict\ndef build(settings): ...",
    "stellwerk_loose": "import msgspec\nclass Settings(msgspec.Struct): ...\ndef build(settings): ...",
    "stellwerk_unbuilt": (
        "import msgspec\nclass Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True): ...\nbuild = None"
    ),
}


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of somebody else, as pip would have installed them; one takes a name of ours."""
    information = tmp_path / "others-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    points = "".join(f"{name.removeprefix('stellwerk_')} = {name}\n" for name in MODULES)
    (information / "entry_points.txt").write_text(
        f"[stellwerk.strategies]\n{points}absent = stellwerk_absent\npriority = stellwerk_good\n"
    )
    for name, code in MODULES.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))


def reason(kind: str, name: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        plugins.settings(kind, name)
    return raised.value.message


def test_a_shelf_lists_our_own_files() -> None:
    assert "priority" in plugins.shelf("strategies")
    assert {"compatible", "openai"} <= set(plugins.shelf("providers"))
    assert "good" not in plugins.shelf("strategies")


def test_names_are_ours_and_those_of_others_in_order() -> None:
    names = plugins.names("strategies")
    assert list(names) == sorted(set(names))
    assert {"priority", "good", "absent"} <= set(names)


def test_a_name_of_ours_cannot_be_taken_over() -> None:
    assert plugins.settings("strategies", "priority").__module__ == "stellwerk.strategies.priority"


def test_a_plugin_is_built_from_options_and_what_it_is_given() -> None:
    assert plugins.build("strategies", "good", {"size": 3, "key": "k"}, given="x") == ("k", 3, "x")


def test_secrets_are_those_that_the_plugin_names() -> None:
    assert plugins.secrets("strategies", "good") == ("key",)
    assert plugins.secrets("strategies", "priority") == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"size": "3"}, "strategies/good: Expected `int`, got `str` - at `$.size`"),
        ({"sise": 3}, "strategies/good: Object contains unknown field `sise`"),
        ({"key": "refused-secret"}, "strategies/good: its settings refuse these options"),
    ],
    ids=["type", "unknown", "secret"],
)
def test_options_that_do_not_fit_are_refused_without_their_secrets(options: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        plugins.build("strategies", "good", options)
    assert raised.value.message == expected


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected a kind of plugin"):
        plugins.names("os")


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    message = reason("strategies", "prioritee")
    assert message.startswith("strategies: there is no 'prioritee', only absent, ")
    assert message.endswith("; did you mean 'priority'?")
    assert "did you mean" not in reason("strategies", "zzzz")


@pytest.mark.parametrize("name", ["", "__init__", "../core", "priority.Settings", "os"])
def test_a_name_never_leads_off_the_shelf(name: str) -> None:
    assert reason("strategies", name).startswith(f"strategies: there is no {name!r}, only ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raises", "the plugin cannot be loaded: RuntimeError('no licence')"),
        ("absent", "the plugin cannot be loaded: ModuleNotFoundError(\"No module named 'stellwerk_absent'\")"),
        ("empty", "stellwerk_empty is no plugin: it exports no msgspec.Struct as Settings"),
        ("dict", "stellwerk_dict is no plugin: it exports no msgspec.Struct as Settings"),
        ("loose", "stellwerk_loose is no plugin: its Settings are not frozen, or allow unknown fields"),
        ("unbuilt", "stellwerk_unbuilt is no plugin: it exports no function build"),
    ],
)
def test_a_plugin_that_is_none_is_refused_with_the_reason(name: str, expected: str) -> None:
    assert reason("strategies", name) == f"strategies/{name}: {expected}"
