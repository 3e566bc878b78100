"""The rules that the items of a conversation have to follow together: calls with outputs, thoughts in place."""

from __future__ import annotations

from stellwerk.simulator.openai.responses.items import Call, CallOutput, Foreign, Item, Message, Reference, Thought
from stellwerk.simulator.openai.responses.places import refusal
from stellwerk.simulator.openai.responses.sealed_reasoning import check_encrypted
from stellwerk.simulator.openai.responses.store import Store
from stellwerk.simulator.refusal import Refusal


def check_items(items: list[Item], store: Store) -> None:
    """Raises ``Refusal`` for a conversation that cannot have been."""
    _check_calls(items)
    for index, item in enumerate(items):
        if isinstance(item, Thought):
            _check_thought(item, store)
            _check_following(item, items[index + 1 :])


def not_found(item_id: str) -> Refusal:
    """What is told about an item that nobody knows."""
    reason = "Items are not persisted when `store` is set to false."
    advice = "Try again with `store` set to true, or remove this item from your input."
    return Refusal(404, f"Item with id '{item_id}' not found. {reason} {advice}", param="input")


def _check_calls(items: list[Item]) -> None:
    kinds = {"function_call_output": "function", "custom_tool_call_output": "custom tool"}
    known: dict[str, str] = {}
    open_calls: dict[str, str] = {}
    for item in items:
        if isinstance(item, Call):
            kind = "function" if item.type == "function_call" else "custom tool"
            known[item.call_id] = open_calls[item.call_id] = kind
        elif isinstance(item, CallOutput):
            kind = kinds[item.type]
            if known.get(item.call_id) != kind:
                raise refusal(f"No tool call found for {kind} call output with call_id {item.call_id}.", "input")
            open_calls.pop(item.call_id, None)
    for call_id, kind in open_calls.items():
        raise refusal(f"No tool output found for {kind} call {call_id}.", "input")


def _check_thought(item: Thought, store: Store) -> None:
    if item.encrypted_content is not None:
        check_encrypted(item)
    elif item.id is None:
        raise refusal("Missing required parameter: 'input.id'.", "input", "missing_required_parameter")
    elif store.item(item.id) is None:
        raise not_found(item.id)


def _check_following(item: Thought, behind: list[Item]) -> None:
    """A thought stands before what the model did because of it."""
    following = next((other for other in behind if not isinstance(other, Thought)), None)
    match following:
        case Message(role="assistant") | Call() | Foreign() | Reference():
            return
        case _:
            reason = "of type 'reasoning' was provided without its required following item"
            raise refusal(f"Item '{item.id}' {reason}.", "input")
