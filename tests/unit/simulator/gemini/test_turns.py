"""Conversations with calls: results for each of them, and the thoughts signed."""

import base64
from typing import Any

import pytest

from stellwerk.simulator.gemini.signature import SKIP, is_valid, sign
from stellwerk.simulator.gemini.turns import check_contents
from stellwerk.simulator.refusal import Refusal

OLD, NEW = "gemini-2.5-flash", "gemini-3-pro-preview"


def _user(text: str = "Hello") -> dict[str, Any]:
    return {"role": "user", "parts": [{"text": text}]}


def _signature(name: str) -> bytes:
    return base64.b64decode(sign(name, b"seed"))


def _calls(*names: str, signature: bytes | None = None, **fields: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"functionCall": {"name": name, "args": {}, **fields}} for name in names]
    if signature is not None:
        parts[0]["thoughtSignature"] = signature
    return {"role": "model", "parts": parts}


def _results(*names: str, role: str = "user", **fields: Any) -> dict[str, Any]:
    parts = [{"functionResponse": {"name": name, "response": {"result": "ok"}, **fields}} for name in names]
    return {"role": role, "parts": parts}


def test_a_conversation_with_calls_in_order_is_taken() -> None:
    check_contents([_user(), _calls("a", "b"), _results("a", "b"), _calls("c", id="1"), _results("c", id="1")], OLD)
    check_contents([_user(), _calls("a"), _results("a", role="function"), _user()], OLD)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ([_user(), _calls("a", "b"), _results("a")], "number of function response parts is equal"),
        ([_user(), _calls("a"), _results("a", "a")], "number of function response parts is equal"),
        ([_user(), _calls("a"), _user()], "number of function response parts is equal"),
        ([_user(), _calls("a", "b"), _results("a", "c")], "names of the functions"),
        ([_user(), _calls("a", id="1"), _results("a", id="2")], "ids of the function calls"),
        ([_user(), _results("a")], "comes immediately after a function call turn"),
        ([_results("a")], "comes immediately after a function call turn"),
        ([_calls("a")], "comes immediately after a user turn"),
        ([_user(), _calls("a"), _results("a", role="model")], "by the role user"),
        ([_user(), {"role": "user", "parts": _calls("a")["parts"]}], "by the role model"),
    ],
)
def test_calls_without_their_results_are_refused(contents: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        check_contents(contents, OLD)


def test_the_first_call_of_each_step_of_the_current_turn_needs_its_signature() -> None:
    signed, bare = _calls("a", "b", signature=_signature("a")), _calls("a", "b")
    check_contents([_user(), signed, _results("a", "b")], NEW)
    check_contents([_user(), bare, _results("a", "b")], OLD)
    check_contents([_user(), bare, _results("a", "b"), _user()], NEW)
    for contents in (
        [_user(), bare, _results("a", "b")],
        [_user(), signed, _results("a", "b"), _calls("c"), _results("c")],
    ):
        with pytest.raises(Refusal, match="Function call is missing a thought_signature"):
            check_contents(contents, NEW)


@pytest.mark.parametrize("signature", [SKIP.encode(), base64.urlsafe_b64decode(SKIP)])
def test_a_history_from_elsewhere_says_so_in_place_of_a_signature(signature: bytes) -> None:
    check_contents([_user(), _calls("a", signature=signature), _results("a")], NEW)


@pytest.mark.parametrize("model", [OLD, NEW])
@pytest.mark.parametrize("signature", [b"", b"junk", _signature("b"), _signature("a")[:-1]])
def test_a_signature_of_something_else_is_refused(model: str, signature: bytes) -> None:
    with pytest.raises(Refusal, match="Corrupted thought signature"):
        check_contents([_user(), _calls("a", signature=signature), _results("a")], model)


def test_signatures_of_texts_are_known_again() -> None:
    text = {"role": "model", "parts": [{"text": "Hi", "thoughtSignature": _signature("")}]}
    check_contents([_user(), text, _user()], NEW)
    text["parts"][0]["thoughtSignature"] = b"x"  # type: ignore[index]
    with pytest.raises(Refusal, match="Corrupted"):
        check_contents([_user(), text, _user()], OLD)
    assert not is_valid(_signature(""), "a")


def test_a_conversation_of_the_model_alone_has_no_user_to_begin_a_turn() -> None:
    with pytest.raises(Refusal, match="immediately after a user turn"):
        check_contents([_calls("a", signature=_signature("a"))], NEW)
    check_contents([{"role": "model", "parts": [{"text": "x"}]}], NEW)
