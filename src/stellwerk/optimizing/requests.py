"""The texts of a request that may be changed, in any dialect, and the request with what became of them.

Left alone are what the assistant has said and thought, calls of tools and their arguments, values of results that are
no text, everything with a signature, and documents that answers cite by their place. Every text is judged by what
stands before it and in its own message, so that it comes out the same on every later turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import TypeAlias

import msgspec

from stellwerk.core.optimization import Outcome
from stellwerk.core.optimization_job import Changes
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
_DIGEST = 64
_SIGNED = (b'"signature"', b'"thoughtSignature"', b'"thought_signature"', b'"encrypted_content"', b'"citations"')
_DECLARED = ("tools", "functions")
_ANSWERED = (b'"assistant"', b'"model"')

Key: TypeAlias = tuple[str | bool, ...]
"""All that decides what becomes of a text, besides the settings."""
Find: TypeAlias = Callable[[Key, str, Callable[[], Outcome]], Outcome]
"""Given a key, its text, and what makes the outcome."""


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A text that may be changed."""

    utterance: Utterance
    question: str
    """What was asked before it, or beside it in its message."""
    is_old: bool = False
    is_repeated: bool = False
    """Whether an answer stands behind it: it was sent before."""

    @property
    def key(self) -> Key:
        """All that decides what becomes of it; long texts by their digests."""
        said = self.utterance
        return digest(said.text), said.speaker, digest(self.question), self.is_old


def digest(text: str) -> str:
    """A text that is short, or what stands for it."""
    return text if len(text) <= _DIGEST else sha256(text.encode(errors="surrogatepass")).hexdigest()


def passages(body: bytes, question: str = "") -> tuple[Passage, ...]:
    """The texts of a JSON body that may be changed. Raises ``PayloadTooLarge`` where it has too many.

    ``question`` is what is asked, for bodies that do not say so themselves.
    """
    said = [each for each in utterances(body) if each.top in _CONVERSATION]
    if not said:
        return ()
    first, last = said[0].group, said[-1].group
    old = first + max(0, (last - first + 1 - KEEP_TURNS) // STRIDE * STRIDE)
    answered = max((each.group for each in said if each.speaker is Speaker.ASSISTANT), default=first)
    signed = _signed(body, said)
    found: list[Passage] = []
    shortest = _shortest(said)
    asked = ""
    for each in said:
        beside = asked if each.speaker is Speaker.TOOL else ""
        if each.speaker is Speaker.USER:
            own, other = shortest.get(each.group, (each.text, ""))
            beside, asked = (other if each.text == own else own), own
        if _may_change(each) and each.group not in signed:
            asking = (question or beside)[-MOST_QUESTION_CHARACTERS:]
            found.append(Passage(each, asking, each.group < old, each.group < answered))
    return tuple(found)


def changes(body: bytes, rewriter: Rewriter, question: str = "", find: Find | None = None) -> Changes:
    """What becomes of a body; ``find`` gives what is remembered of a text, or has it made.

    Raises ``PayloadTooLarge`` where it has too many texts.
    """
    find = find or _made
    saved: Counter[str] = Counter()
    edits: list[json_splice.Edit] = []
    repeated = 0
    for passage in passages(body, question):
        said = passage.utterance
        outcome = find(passage.key, said.text, partial(_outcome, passage, rewriter))
        if outcome.saved:
            edits.append((said.start, said.end, msgspec.json.encode(outcome.text)))
            saved.update(dict(outcome.saved))
            repeated += outcome.tokens if passage.is_repeated else 0
    declared = declarations(body)
    if declared is not None:
        text = body[declared.start : declared.end].decode(errors="replace")
        outcome = find(("tools", digest(text)), text, partial(rewriter.tools, text))
        if outcome.saved:
            edits.append((declared.start, declared.end, outcome.text.encode()))
            saved.update(dict(outcome.saved))
            repeated += outcome.tokens if any(mark in body for mark in _ANSWERED) else 0
    return Changes(tuple(sorted(edits)), dict(saved), repeated)


def declarations(body: bytes) -> json_splice.Member | None:
    """The member that declares tools, if it is a list."""
    for name in _DECLARED:
        member = json_splice.find(body, name)
        if member is not None and body[member.start : member.start + 1] == b"[":
            return member
    return None


def _made(key: Key, text: str, make: Callable[[], Outcome]) -> Outcome:
    del key, text
    return make()


def _outcome(passage: Passage, rewriter: Rewriter) -> Outcome:
    said = passage.utterance
    return rewriter.rewrite(said.text, said.speaker, passage.question, is_old=passage.is_old)


def _may_change(said: Utterance) -> bool:
    if said.is_data or said.member not in _MEMBERS or said.kind not in _TYPES:
        return False
    return said.member != "input" or (said.top == "input" and said.group == 0)


def _shortest(said: list[Utterance]) -> dict[int, tuple[str, str]]:
    """By message, the two shortest texts that the user wrote in it: of question and data, that is the question."""
    found: dict[int, tuple[str, str]] = {}
    for each in said:
        if each.speaker is Speaker.USER and each.member in _MEMBERS:
            first, second = found.get(each.group, ("", ""))
            ranked = sorted(filter(None, (each.text, first, second)), key=len)
            found[each.group] = ranked[0], ranked[1] if len(ranked) > 1 else ""
    return found


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
