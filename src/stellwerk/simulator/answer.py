"""Makes up what a model answers: text, tool calls, JSON, a refusal; in tokens, without any dialect's shape."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.core.usage import Usage
from stellwerk.simulator.ask import Ask, Tool
from stellwerk.simulator.dice import Dice, digest
from stellwerk.simulator.prose import Language, Prose, Writers
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.schema.check import BadSchema
from stellwerk.simulator.schema.value import write_value
from stellwerk.simulator.spread import Sampler
from stellwerk.simulator.steering import Steering, without_markers
from stellwerk.simulator.tokens import split

SECOND_CALL_PROBABILITY = 0.3
SAYING_PROBABILITY = 0.5
MOST_SHOWN_THOUGHTS = 64
"""So many tokens long is what an answer tells of the model's thoughts; providers shorten them too."""
CALL_OVERHEAD_TOKENS = 8
MOST_TOKENS = 1_000_000
_REASONING_TOKENS = {"none": 0, "minimal": 16, "low": 64, "medium": 256, "high": 1_024, "xhigh": 2_048, "max": 4_096}
_WORD = re.compile(r"\w+")


class Call(msgspec.Struct, frozen=True):
    """A call of a tool; ``fragments`` joined are its arguments, JSON unless the tool takes free text."""

    id: str
    name: str
    fragments: list[str]
    is_free_text: bool


class Choice(msgspec.Struct, frozen=True):
    """One candidate. ``tokens`` joined are its text, or the reason of its refusal; with calls, what it says first."""

    tokens: list[str]
    finish: str
    """``stop``, ``length``, ``tool_calls``, ``content_filter`` or ``failed``."""
    seed: bytes
    """For what else has to be made up about it."""
    output_tokens: int
    """Everything that was generated, thoughts and the frames of calls included."""
    reasoning_tokens: int = 0
    calls: tuple[Call, ...] = ()
    is_refusal: bool = False
    thoughts: tuple[str, ...] = ()
    """Joined, what the model shows of its thoughts, if it was asked to."""
    stop: str | None = None
    """The stop sequence that ended it."""


class Answer(msgspec.Struct, frozen=True):
    """All candidates and what they cost."""

    choices: tuple[Choice, ...]
    usage: Usage


class Author:
    """Writes answers: the same one for the same seed, request and steering."""

    def __init__(self, seed: bytes, language: Language) -> None:
        self._seed = seed
        self._language = language
        self._writers = Writers(seed)

    def answer(
        self,
        ask: Ask,
        steering: Steering,
        lengths: Sampler,
        *,
        reasons: bool,
        cached_tokens: int,
        written_tokens: int = 0,
        written_long_tokens: int = 0,
    ) -> Answer:
        """The answer to ``ask``. Raises ``Refusal`` where a schema cannot be satisfied."""
        content = digest(self._seed, ask.content)
        prose = self._writers.writer(steering.language or self._language, ask.text)
        if steering.finish == "failed" and not ask.can_fail:
            raise Refusal(400, "The simulator cannot do what was asked: no answer ends as failed here.")
        choices = tuple(
            self._choice(ask, steering, lengths, prose, digest(content, bytes([index])), reasons=reasons)
            for index in range(ask.choices)
        )
        usage = Usage(
            input_tokens=ask.prompt_tokens,
            output_tokens=sum([choice.output_tokens for choice in choices]),
            cache_read_tokens=min(cached_tokens, ask.prompt_tokens),
            cache_write_tokens=min(written_tokens, max(ask.prompt_tokens - cached_tokens, 0)),
            cache_write_1h_tokens=min(written_long_tokens, written_tokens),
            reasoning_tokens=sum([choice.reasoning_tokens for choice in choices]),
            input_audio_tokens=ask.audio_tokens,
            input_image_tokens=ask.image_tokens,
        )
        return Answer(choices, usage)

    def _choice(
        self, ask: Ask, steering: Steering, lengths: Sampler, prose: Prose, seed: bytes, *, reasons: bool
    ) -> Choice:
        dice = Dice(seed)
        thought = _reasoning_tokens(ask, steering, dice, reasons=reasons)
        thoughts = _thoughts(ask, thought, seed, prose)
        if ask.max_tokens is not None and thought >= ask.max_tokens:
            return Choice([], "length", seed, ask.max_tokens, ask.max_tokens, thoughts=thoughts[: ask.max_tokens])
        room = MOST_TOKENS if ask.max_tokens is None else ask.max_tokens - thought
        tools = () if steering.refusal or steering.say is not None else _tools_to_call(ask, steering, dice)
        if tools:
            said = _said_before(ask, seed, prose)[: room // 4]
            calls, used, is_cut = _calls(tools, room - len(said), dice, prose)
            finish = "length" if is_cut else "tool_calls" if ask.named_tool is None else "stop"
            return Choice(said, finish, seed, thought + len(said) + used, thought, calls, thoughts=thoughts)
        tokens, is_cut, stop = _within(_text(ask, steering, lengths, dice, prose), ask.stop, room)
        finish = steering.finish or ("length" if is_cut else "stop")
        used = thought + len(tokens)
        return Choice(tokens, finish, seed, used, thought, (), steering.refusal, thoughts, stop)


def _reasoning_tokens(ask: Ask, steering: Steering, dice: Dice, *, reasons: bool) -> int:
    if steering.reasoning_tokens is not None:
        return steering.reasoning_tokens
    if not (reasons if ask.thinks is None else ask.thinks):
        return 0
    typical = _REASONING_TOKENS.get(ask.effort or "medium", _REASONING_TOKENS["medium"])
    thought = typical // 2 + dice.below(typical) if typical else 0
    return thought if ask.most_thoughts is None else min(thought, ask.most_thoughts)


def _thoughts(ask: Ask, length: int, seed: bytes, prose: Prose) -> tuple[str, ...]:
    """What is shown of thoughts of ``length`` tokens; from dice of its own, so that the answer is the same without."""
    if not ask.shows_thoughts or not length:
        return ()
    return tuple(prose.tokens(Dice(digest(seed, b"thoughts")), min(length, MOST_SHOWN_THOUGHTS)))


def _said_before(ask: Ask, seed: bytes, prose: Prose) -> list[str]:
    """What is said before tools are called, now and then; from dice of its own, so that the calls are the same."""
    dice = Dice(digest(seed, b"before"))
    if ask.speaks_before_calls and dice.has_luck(SAYING_PROBABILITY):
        return prose.tokens(dice, dice.between(6, 18))
    return []


def _text(ask: Ask, steering: Steering, lengths: Sampler, dice: Dice, prose: Prose) -> list[str]:
    if steering.say is not None:
        return split(steering.say)
    if steering.refusal:
        return split(prose.refusal)
    if ask.output is not None:
        written = _json(ask.output, dice, prose, "response_format")
        return split(str(msgspec.json.decode(written)) if ask.is_bare else written)
    opening = prose.report(ask.tool_results) if ask.tool_results else prose.opening(without_markers(ask.text))
    if steering.tokens is not None:
        return prose.tokens(dice, min(steering.tokens, MOST_TOKENS), opening)
    wanted = max(1, min(round(lengths(dice)), MOST_TOKENS))
    return prose.tokens(dice, max(wanted, len(split(opening))) if ask.tool_results else wanted, opening)


def _within(tokens: list[str], stop: tuple[str, ...], room: int) -> tuple[list[str], bool, str | None]:
    """``tokens`` up to the first of the stop sequences and at most ``room``; whether room lacked; what stopped it."""
    ending: str | None = None
    if stop:
        text = "".join(tokens)
        ends = [(end, sequence) for sequence in stop if sequence and (end := text.find(sequence)) >= 0]
        if ends:
            end, ending = min(ends)
            tokens = split(text[:end])
    is_cut = len(tokens) > room
    return tokens[:room], is_cut, None if is_cut else ending


def _tools_to_call(ask: Ask, steering: Steering, dice: Dice) -> tuple[Tool, ...]:
    """Which tools are called: those that were named or demanded, else those that the question seems to be about."""
    if steering.call == "none" or steering.calls == 0 or not ask.tools:
        return ()
    by_name = {tool.name: tool for tool in ask.tools}
    if steering.call is not None:
        names = [name.strip() for name in steering.call.split(",")]
        if unknown := [name for name in names if name not in by_name]:
            raise Refusal(400, f"The simulator cannot call {unknown[0]!r}: it is not among the tools.", param="tools")
        return tuple(by_name[name] for name in names)
    if ask.named_tool is not None:
        return (by_name[ask.named_tool],)
    if ask.tool_results and not ask.must_call and steering.calls is None:
        return ()
    ranked = _by_relevance(ask, dice)
    if steering.calls is not None:
        return tuple(ranked[index % len(ranked)] for index in range(steering.calls))
    is_double = ask.may_call_in_parallel and len(ranked) > 1 and dice.has_luck(SECOND_CALL_PROBABILITY)
    return tuple(ranked[: 2 if is_double else 1])


def _by_relevance(ask: Ask, dice: Dice) -> list[Tool]:
    words = set(_WORD.findall(ask.text.lower()))

    def irrelevance(tool: Tool) -> tuple[int, float]:
        own = set(_WORD.findall(f"{tool.name.replace('_', ' ')} {tool.description}".lower()))
        return -len(words & own), dice.unit()

    return sorted(ask.tools, key=irrelevance)


def _calls(tools: tuple[Tool, ...], room: int, dice: Dice, prose: Prose) -> tuple[tuple[Call, ...], int, bool]:
    """The calls as far as there is room for them, the tokens they take, and whether room was lacking."""
    calls: list[Call] = []
    used = 0
    for tool in tools:
        is_free_text = tool.parameters is None
        text = prose.phrase(dice) if is_free_text else _json(tool.parameters, dice, prose, f"tools: {tool.name}")
        fragments = split(text)
        left = max(room - used - CALL_OVERHEAD_TOKENS, 0)
        calls.append(Call("call_" + dice.letters(24), tool.name, fragments[:left], is_free_text))
        used += CALL_OVERHEAD_TOKENS + len(fragments)
        if used > room:
            return tuple(calls), room, True
    return tuple(calls), used, False


def _json(schema: Any, dice: Dice, prose: Prose, param: str) -> str:
    try:
        return msgspec.json.encode(write_value(schema, dice, prose)).decode()
    except (BadSchema, TypeError) as error:  # the latter for names that are no texts
        raise Refusal(400, f"Invalid schema: {error}.", code="invalid_json_schema", param=param) from error
