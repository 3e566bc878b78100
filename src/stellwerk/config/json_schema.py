"""The JSON Schema of ``stellwerk.toml``, with which editors complete and check while somebody types.

``python -m stellwerk.config.json_schema`` prints it. It describes the plugins that ship with the platform; installed
ones are let through unchecked. What a schema cannot say, such as names that must exist, ``stellwerk check`` judges.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from stellwerk import plugins
from stellwerk.config.grounding import DEFAULT_STRATEGY, KIND_KEYS
from stellwerk.config.schema import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as a document; the same for the same version of the platform."""
    schema = _simplified(Settings.model_json_schema())
    definitions = schema["$defs"]
    definitions["Provider"] = _plugged("providers", definitions["Provider"], definitions)
    definitions["Notifier"] = _plugged("notifiers", definitions["Notifier"], definitions)
    definitions["Guardrail"] = _plugged("guardrails", definitions["Guardrail"], definitions)
    definitions["Model"] |= {"allOf": _strategies(definitions)}
    return {"$schema": DIALECT, "title": "stellwerk.toml", **schema}


def rendered() -> str:
    """The schema as the text of a file."""
    document = msgspec.json.encode(json_schema(), order="deterministic")
    return msgspec.json.format(document, indent=2).decode() + "\n"


def _plugged(shelf: str, common: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """One variant for each kind, because the kind decides which other keys there are."""
    kinds, key = plugins.shelf(shelf), KIND_KEYS[shelf]
    guest = {**common["properties"], key: {**common["properties"][key], "not": {"enum": list(kinds)}}}
    variants = [_kind(shelf, kind, common, definitions) for kind in kinds]
    return {**common, "oneOf": [*variants, {"title": "an installed plugin", "properties": guest}]}


def _kind(shelf: str, kind: str, common: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    options = _options(shelf, kind, definitions)
    for secret in plugins.secrets(shelf, kind):
        note = 'A secret, usually a reference such as "env:NAME".'
        options["properties"][secret] = {"description": note, **options["properties"][secret]}
    return {
        "title": kind,
        "description": options.get("description", ""),
        "properties": {**common["properties"], KIND_KEYS[shelf]: {"const": kind}, **options["properties"]},
        "required": [*common.get("required", ()), *options.get("required", [])],
        "additionalProperties": False,
    }


def _strategies(definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """For each strategy a condition: where it is chosen, its options are these."""
    conditions = []
    for name in plugins.shelf("strategies"):
        chosen: dict[str, Any] = {"properties": {"strategy": {"const": name}}}
        if name != DEFAULT_STRATEGY:
            chosen["required"] = ["strategy"]
        options = _options("strategies", name, definitions)
        conditions.append({"if": chosen, "then": {"properties": {"strategy_options": options}}})
    return conditions


def _options(kind: str, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The options' own schema; types that it refers to go among the definitions."""
    declared = plugins.settings(kind, name)
    template = f"#/$defs/{kind}.{name}.{{name}}"
    _, components = msgspec.json.schema_components((declared,), ref_template=template)
    options: dict[str, Any] = _simplified(components.pop(declared.__name__))
    definitions.update({f"{kind}.{name}.{key}": _simplified(component) for key, component in components.items()})
    options.pop("title", None)
    return options


def _simplified(schema: Any) -> Any:
    """Without generated titles, and without null, which TOML does not have."""
    if isinstance(schema, list):
        return [_simplified(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(kept.get("default"), dict):
        del kept["default"]  # a section's default is that of its keys
    if {"type": "null"} in kept.get("anyOf", ()):
        choices = [choice for choice in kept.pop("anyOf") if choice != {"type": "null"}]
        kept = {**(choices[0] if len(choices) == 1 else {"anyOf": choices}), **kept}
        kept.pop("default", None)
    return {key: _simplified(value) for key, value in kept.items()}


if __name__ == "__main__":
    sys.stdout.write(rendered())
