"""What every plugin of ours has to be, whatever its shelf."""

import importlib
import inspect

import msgspec
import pytest

from stellwerk import plugins

PLUGINS = [(kind, name) for kind in plugins.KINDS for name in plugins.shelf(kind)]
pytestmark = pytest.mark.parametrize(("kind", "name"), PLUGINS, ids=[f"{kind}-{name}" for kind, name in PLUGINS])


def test_a_plugin_says_in_its_docstring_what_it_is(kind: str, name: str) -> None:
    module = importlib.import_module(f"stellwerk.{kind}.{name}")
    assert (module.__doc__ or "").strip()


def test_its_settings_are_a_frozen_struct_without_unknown_fields(kind: str, name: str) -> None:
    settings = plugins.settings(kind, name)
    assert settings.__struct_config__.frozen
    assert settings.__struct_config__.forbid_unknown_fields
    assert (settings.__doc__ or "").strip()


def test_its_options_can_stand_beside_the_keys_of_every_provider(kind: str, name: str) -> None:
    options = {field.encode_name for field in msgspec.structs.fields(plugins.settings(kind, name))}
    assert not options & {"name", "kind"}


def test_its_secrets_are_texts_among_its_options(kind: str, name: str) -> None:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(plugins.settings(kind, name))}
    for secret in plugins.secrets(kind, name):
        assert types[secret] is str


def test_it_is_built_from_its_settings_first(kind: str, name: str) -> None:
    module = importlib.import_module(f"stellwerk.{kind}.{name}")
    first, *others = inspect.signature(module.build).parameters.values()
    assert first.name == "settings"
    assert all(other.kind is inspect.Parameter.KEYWORD_ONLY for other in others)
    assert (module.build.__doc__ or "").strip()
