"""JSON is read as Google's services read it."""

from typing import Any

import pytest

from stellwerk.simulator.gemini.fields import ENUMERATIONS, MESSAGES
from stellwerk.simulator.gemini.proto import DEEPEST, Reader
from stellwerk.simulator.refusal import Refusal


def _read(value: Any, name: str = "GenerateContentRequest") -> tuple[dict[str, Any], list[tuple[str, str]]]:
    reader = Reader(MESSAGES, ENUMERATIONS)
    return reader.message(name, value), reader.violations


def test_both_spellings_of_a_field_are_read() -> None:
    snake = {"system_instruction": {"parts": [{"inline_data": {"mime_type": "image/png", "data": "QUI="}}]}}
    camel = {"systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "QUI"}}]}}
    assert _read(snake) == _read(camel)
    assert _read(snake)[0]["systemInstruction"]["parts"][0]["inlineData"]["data"] == b"AB"


def test_null_is_nothing_and_one_is_a_list_of_one() -> None:
    read, violations = _read({"contents": {"parts": {"text": "x", "thought": None}}, "tools": None})
    assert (read, violations) == ({"contents": [{"parts": [{"text": "x"}]}]}, [])


def test_numbers_may_be_texts_and_whole_numbers_may_have_a_point() -> None:
    read, violations = _read({"maxItems": "5", "minItems": 2.0, "minimum": 1, "type": "object"}, "Schema")
    assert (read, violations) == ({"maxItems": 5, "minItems": 2, "minimum": 1, "type": "OBJECT"}, [])


@pytest.mark.parametrize(
    ("schema", "place", "reason"),
    [
        ({"$ref": "#/x"}, "", 'Unknown name "$ref": Cannot find field.'),
        ({"additionalProperties": False}, "", 'Unknown name "additionalProperties": Cannot find field.'),
        ({"type": ["string", "null"]}, "", 'Unknown name "type": Proto field is not repeating, cannot start list.'),
        (
            {"properties": {"a": {}, "b": {"items": {"const": 1}}}},
            "properties[1].value.items",
            "Unknown name \"const\" at 'properties[1].value.items': Cannot find field.",
        ),
        ({"anyOf": [{"oneOf": []}]}, "any_of[0]", "Unknown name \"oneOf\" at 'any_of[0]': Cannot find field."),
        ({"type": "text"}, "type", "Invalid value at 'type' (type.googleapis.com/Type), 'text'"),
        ({"type": 5}, "type", "Invalid value at 'type'"),
        ({"maxItems": "x"}, "max_items", "Invalid value at 'max_items' (TYPE_INT32), 'x'"),
        ({"maxItems": 1.5}, "max_items", "Invalid value"),
        ({"maxItems": True}, "max_items", "Invalid value"),
        ({"minimum": "1"}, "minimum", "(TYPE_DOUBLE)"),
        ({"nullable": 1}, "nullable", "(TYPE_BOOL)"),
        ({"title": 1}, "title", "(TYPE_STRING)"),
        ({"required": [1]}, "required[0]", "(TYPE_STRING)"),
        ({"properties": 5}, "properties", "(Map)"),
        ({"items": "x"}, "items", "(type.googleapis.com/Schema)"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(schema: Any, place: str, reason: str) -> None:
    _, violations = _read(schema, "Schema")
    assert len(violations) == 1
    assert violations[0][0] == place
    assert reason in violations[0][1]


def test_bytes_are_base64_in_either_alphabet() -> None:
    for text in ("-_8", "+/8=", "-/8="):
        assert _read({"data": text}, "Blob")[0]["data"] == b"\xfb\xff"
    for wrong in ("?", "A", 5):
        assert "(bytes)" in _read({"data": wrong}, "Blob")[1][0][1]


def test_everything_wrong_is_told_at_once() -> None:
    assert len(_read({"contents": [{"role": 5, "x": 1}], "y": 2})[1]) == 3


def test_what_goes_too_deep_is_refused() -> None:
    schema: Any = {}
    for _ in range(DEEPEST + 1):
        schema = {"items": schema}
    with pytest.raises(Refusal, match="too deep"):
        _read(schema, "Schema")
