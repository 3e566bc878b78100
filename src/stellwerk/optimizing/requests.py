"""The texts of a request that may be changed, in any dialect, and the request with what became of them.

Left alone are what the assistant has said and thought, calls of tools and their arguments, values of results that are
no text, everything with a signature, and documents that answers cite by their place. Every text is judged by what
stands before it and in its own message, so that it comes out the same on every later turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from stellwerk.core.optimization import Outcome
from stellwerk.core.subject import Speaker
from stellwerk.dialects import json_splice
from stellwerk.dialects.utterances import Utterance, utterances
from stellwerk.optimizing.rewriting import Rewriter

KEEP_TURNS = 12
"""So many messages at the end are never old."""
STRIDE = 12
"""Messages become old by so many at a time: in between, the prefix of a conversation stays the same."""
MOST_QUESTION_CHARACTERS = 4_000

_CONVERSATION = frozenset(
    {"messages", "input", "contents", "system", "instructions", "systemInstruction", "system_instruction"}
)
_MEMBERS = frozenset({"text", "content", "output", "input", "system", "instructions"})
_TYPES = frozenset(
    {"", "text", "input_text", "message", "tool_result", "function_call_output", "custom_tool_call_output"}
)
_SIGNED = (b'"signature"', b'"thoughtSignature"', b'"thought_signature"', b'"encrypted_content"', b'"citations"')
_DECLARED = ("tools", "functions")


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A text that may be changed."""

    utterance: Utterance
    question: str
    """What was asked before it, or beside it in its message."""
    is_old: bool = False

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """All that decides what becomes of it."""
        return self.utterance.text, self.utterance.speaker, self.question, self.is_old


class Changes(msgspec.Struct, frozen=True, gc=False):
    """A request's body anew, and tokens that each step has saved by estimate."""

    body: bytes
    saved: dict[str, int]


def passages(body: bytes, question: str = "") -> tuple[Passage, ...]:
    """The texts of a JSON body that may be changed. Raises ``PayloadTooLarge`` where it has too many.

    ``question`` is what is asked, for bodies that do not say so themselves.
    """
    said = [each for each in utterances(body) if each.top in _CONVERSATION]
    if not said:
        return ()
    first, last = said[0].group, said[-1].group
    old = first + max(0, (last - first + 1 - KEEP_TURNS) // STRIDE * STRIDE)
    signed = _signed(body, said)
    found: list[Passage] = []
    asked = ""
    for place, each in enumerate(said):
        beside = ""
        if each.speaker is Speaker.USER:
            beside = _beside(said, place)
            asked = beside or each.text
        elif each.speaker is Speaker.TOOL:
            beside = asked
        if _may_change(each) and each.group not in signed:
            found.append(Passage(each, (question or beside)[-MOST_QUESTION_CHARACTERS:], each.group < old))
    return tuple(found)


def changed(body: bytes, results: Iterable[tuple[Passage, Outcome]], tools: Outcome | None = None) -> Changes:
    """The body with what became of its texts and of its declarations of tools spliced in."""
    saved: Counter[str] = Counter()
    edits: list[json_splice.Edit] = []
    for passage, outcome in results:
        if outcome.saved:
            edits.append((passage.utterance.start, passage.utterance.end, msgspec.json.encode(outcome.text)))
            saved.update(dict(outcome.saved))
    declared = None if tools is None or not tools.saved else declarations(body)
    if declared is not None and tools is not None:
        edits.append((declared.start, declared.end, tools.text.encode()))
        saved.update(dict(tools.saved))
    return Changes(json_splice.splice(body, edits) if edits else body, dict(saved))


def declarations(body: bytes) -> json_splice.Member | None:
    """The member that declares tools, if it is a list."""
    for name in _DECLARED:
        member = json_splice.find(body, name)
        if member is not None and body[member.start : member.start + 1] == b"[":
            return member
    return None


def rewritten(body: bytes, rewriter: Rewriter, question: str = "") -> Changes:
    """The whole of it for a body at hand."""
    declared = declarations(body)
    tools = None if declared is None else rewriter.tools(body[declared.start : declared.end].decode(errors="replace"))
    return changed(body, [(passage, outcome_of(passage, rewriter)) for passage in passages(body, question)], tools)


def outcome_of(passage: Passage, rewriter: Rewriter) -> Outcome:
    """What the rewriter makes of a text."""
    said = passage.utterance
    return rewriter.rewrite(said.text, said.speaker, passage.question, is_old=passage.is_old)


def _may_change(said: Utterance) -> bool:
    if said.is_data or said.member not in _MEMBERS or said.kind not in _TYPES:
        return False
    return said.member != "input" or (said.top == "input" and said.group == 0)


def _beside(said: list[Utterance], place: int) -> str:
    """The last other text of the same message that the same person wrote."""
    one = said[place]
    for other in reversed(range(len(said))):
        each = said[other]
        if each.group < one.group:
            break
        if other != place and each.group == one.group and each.speaker is one.speaker and each.member in _MEMBERS:
            return each.text
    return ""


def _signed(body: bytes, said: list[Utterance]) -> frozenset[int]:
    """Messages in which something is signed or cited: they have to come back as they were."""
    if not any(mark in body for mark in _SIGNED):
        return frozenset()
    starts: dict[int, int] = {}
    for each in said:
        starts.setdefault(each.group, each.start)
    groups = list(starts)
    ends = [*list(starts.values())[1:], len(body)]
    return frozenset(
        group
        for group, start, end in zip(groups, starts.values(), ends, strict=True)
        if any(mark in body[start:end] for mark in _SIGNED)
    )
