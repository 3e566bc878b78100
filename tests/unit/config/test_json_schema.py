"""The JSON Schema for editors: whole, documented, and as published."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from stellwerk import plugins
from stellwerk.config.json_schema import json_schema, rendered
from stellwerk.config.schema import Limits, Media, Settings
from stellwerk.core.snapshot import LimitsSpec, MediaSpec

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "stellwerk.schema.json"


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every table of a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(inner)


def test_the_published_schema_is_up_to_date() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == rendered(), "python -m stellwerk.config.json_schema > the file"


def test_the_module_prints_the_schema() -> None:
    command = [sys.executable, "-m", "stellwerk.config.json_schema"]
    assert subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode() == rendered()


def test_every_reference_in_it_leads_somewhere() -> None:
    schema = json_schema()
    references = [part["$ref"] for part in parts(schema) if "$ref" in part]
    assert references
    assert {reference.removeprefix("#/$defs/") for reference in references} <= set(schema["$defs"])


def test_every_key_is_explained() -> None:
    schema = Settings.model_json_schema()
    sections = [schema, *schema["$defs"].values()]
    silent = [key for section in sections for key, of in section["properties"].items() if not of.get("description")]
    assert silent == []


def test_null_does_not_occur_because_toml_has_none() -> None:
    assert not [part for part in parts(json_schema()) if part.get("type") == "null" or None in part.values()]


def test_every_kind_of_provider_has_its_own_options() -> None:
    provider = json_schema()["$defs"]["Provider"]
    kinds = {variant["title"]: variant["properties"] for variant in provider["oneOf"]}
    assert set(kinds) == {*plugins.shelf("providers"), "an installed plugin"}
    for kind in plugins.shelf("providers"):
        fields = {field.encode_name for field in msgspec.structs.fields(plugins.settings("providers", kind))}
        assert set(kinds[kind]) == {"name", "kind", "limits", "budget", *fields}


def test_every_strategy_has_its_own_options() -> None:
    conditions = json_schema()["$defs"]["Model"]["allOf"]
    assert [condition["if"]["properties"]["strategy"]["const"] for condition in conditions] == list(
        plugins.shelf("strategies")
    )


def test_limits_in_the_file_are_the_limits_of_the_snapshot() -> None:
    assert LimitsSpec(**Limits().model_dump()) == LimitsSpec()
    assert set(Limits.model_fields) == set(LimitsSpec.__struct_fields__)


def test_bounds_of_media_in_the_file_are_those_of_the_snapshot() -> None:
    told = Media().model_dump()
    assert MediaSpec(**{**told, "types": tuple(told["types"])}) == MediaSpec()
    assert set(Media.model_fields) == set(MediaSpec.__struct_fields__)
