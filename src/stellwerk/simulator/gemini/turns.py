"""What the contents of a conversation have to be like: whole parts, calls answered in full, thoughts signed."""

from __future__ import annotations

from typing import Any

from stellwerk.simulator.gemini.names import demands_signatures
from stellwerk.simulator.gemini.signature import is_valid
from stellwerk.simulator.refusal import Refusal

DATA = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse"),
    *("executableCode", "codeExecutionResult", "toolCall", "toolResponse"),
)
_ROLES = frozenset({"", "user", "model", "function"})
_MEDIA = ("image/", "audio/", "video/", "text/")
_OTHER_MEDIA = frozenset({"application/pdf", "application/json"})

Content = dict[str, Any]


def check_contents(contents: list[Content], model: str) -> None:
    """Refuses a conversation that the API would refuse. Raises ``Refusal``."""
    if not contents:
        raise Refusal(400, "* GenerateContentRequest.contents: contents is not specified\n")
    for number, content in enumerate(contents):
        check_content(content, f"contents[{number}]")
    _check_calls(contents)
    _check_signatures(contents, model)


def check_content(content: Content, place: str) -> None:
    """Refuses a content with a role or a part that cannot be. Raises ``Refusal``."""
    if content.get("role", "") not in _ROLES:
        raise Refusal(400, "Please use a valid role: user, model.")
    if not content.get("parts"):
        raise Refusal(400, f"* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n")
    for number, part in enumerate(content["parts"]):
        reason = _problem(part)
        if reason is not None:
            raise Refusal(400, f"* GenerateContentRequest.{place}.parts[{number}].{reason}\n")


def named(part: dict[str, Any], field: str) -> str:
    """The name of the function in a part."""
    name: str = part[field].get("name", "")
    return name


def having(content: Content, field: str) -> list[dict[str, Any]]:
    """The parts of a content that have ``field``."""
    return [part for part in content["parts"] if field in part]


def _problem(part: dict[str, Any]) -> str | None:
    kinds = [name for name in DATA if name in part]
    if not kinds:
        return "data: required oneof field 'data' must have one initialized field"
    if len(kinds) > 1:
        return f"data: oneof field 'data' is already set. Cannot set '{kinds[1]}'"
    data = part[kinds[0]]
    match kinds[0]:
        case "inlineData" if not data.get("data"):
            return "inline_data.data: must not be empty"
        case "inlineData" if not _is_readable(data.get("mimeType", "")):
            return f"inline_data.mime_type: Unsupported MIME type: {data.get('mimeType', '')}"
        case "fileData" if not data.get("fileUri"):
            return "file_data.file_uri: must not be empty"
        case "functionCall" if not data.get("name"):
            return "function_call.name: Name cannot be empty."
        case "functionResponse" if not data.get("name"):
            return "function_response.name: Name cannot be empty."
        case "functionResponse" if "response" not in data:
            return "function_response.response: required field is not set"
        case _:
            return None


def _is_readable(mime_type: str) -> bool:
    return mime_type.startswith(_MEDIA) or mime_type in _OTHER_MEDIA


def _check_calls(contents: list[Content]) -> None:
    """Calls stand behind the user or behind results; each of them has its result in the content behind it."""
    before: Content | None = None
    for content in contents:
        calls, results = having(content, "functionCall"), having(content, "functionResponse")
        is_model = content.get("role") == "model"
        if calls and not is_model:
            raise Refusal(400, "Please ensure that function calls are made by the role model.")
        if results and is_model:
            raise Refusal(400, "Please ensure that function responses are given by the role user.")
        asked = having(before, "functionCall") if before is not None else []
        if calls and (before is None or before.get("role") == "model"):
            reason = "function call turn comes immediately after a user turn or after a function response turn"
            raise Refusal(400, f"Please ensure that {reason}.")
        if results and not asked:
            raise Refusal(
                400, "Please ensure that function response turn comes immediately after a function call turn."
            )
        _check_results(asked, results)
        before = content


def _check_results(calls: list[dict[str, Any]], results: list[dict[str, Any]]) -> None:
    if len(calls) != len(results):
        reason = "the number of function response parts is equal to the number of function call parts"
        raise Refusal(400, f"Please ensure that {reason} of the function call turn.")
    if sorted(named(part, "functionCall") for part in calls) != sorted(
        named(part, "functionResponse") for part in results
    ):
        raise Refusal(400, "Please ensure that function responses have the names of the functions that were called.")
    ids = {part["functionCall"].get("id") for part in calls}
    if any(part["functionResponse"].get("id") not in {None, *ids} for part in results):
        raise Refusal(400, "Please ensure that function responses have the ids of the function calls.")


def _check_signatures(contents: list[Content], model: str) -> None:
    current = _beginning_of_turn(contents)
    is_demanding = demands_signatures(model)
    for number, content in enumerate(contents):
        for position, part in enumerate(having(content, "functionCall")):
            name = named(part, "functionCall")
            signature = part.get("thoughtSignature")
            if signature is None and is_demanding and position == 0 and number >= current:
                raise Refusal(
                    400,
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools "
                    "to work correctly, and missing thought_signature may lead to degraded model performance. "
                    f"Additional data, function call `default_api:{name}`, position {number + 1}.",
                )
            if signature is not None and not is_valid(signature, name):
                raise Refusal(400, "Corrupted thought signature.")
        for part in content["parts"]:
            is_signed = "thoughtSignature" in part and "functionCall" not in part
            if is_signed and not is_valid(part["thoughtSignature"], ""):
                raise Refusal(400, "Corrupted thought signature.")


def _beginning_of_turn(contents: list[Content]) -> int:
    """Where the current turn begins: at what the user said last that is no result of a function."""
    for number in range(len(contents) - 1, -1, -1):
        content = contents[number]
        if content.get("role") != "model" and not having(content, "functionResponse"):
            return number
    return 0
