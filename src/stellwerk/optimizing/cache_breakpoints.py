"""Marks for a provider's prompt cache: where they stand, and whether they pay.

A beginning is marked where it is likely enough to come again while the provider keeps it, after what the worker has
seen of its tenant's traffic. What is most likely still kept is marked in any case, for that is how it is read. A first
call of its kind is left alone, and so is every request whose caller has marks of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from stellwerk.core.cache_terms import LOOK_BACK_BLOCKS, MOST_MARKS, STEP_BLOCKS, CacheTerms, Style
from stellwerk.core.prompt_memory import HORIZONS_S, LONG, Beginning
from stellwerk.core.prompt_reuse import OPENING, Arrival, is_warm
from stellwerk.dialects.json_splice import Edit, insertion
from stellwerk.dialects.prompt_outline import NOWHERE, Outline, Span

LEAST_CASES = 3.0
"""What is told from fewer cases is too little to stake anything on."""
MANY_CASES = 8.0
"""So many first turns must have been seen before a provider is kept from keeping one by itself."""
_LATEST_TURNS, _FIRST_TURNS = 24, 4
"""Ends of so many turns are looked up, from both ends of the conversation."""
_INNER_BLOCKS = 3
"""So many blocks of the first turn may end a beginning that others share: a document before the question."""
_ANNOUNCED = 0.5
"""How likely a conversation that its caller has announced is taken to go on, while little is known."""
_UNCOVERED = 3
"""So many surcharges may be lost before anything was saved, where many cases speak for it; else one."""
_LONG = "1h"
_DIGEST_BYTES = 16


class Prefix(msgspec.Struct, frozen=True, gc=False):
    """One beginning of a prompt: its digest, the block that it ends with, and its share of the prompt's bytes."""

    digest: bytes
    block: Span
    share: float
    turn: int
    """The turn that it ends with; -1 for tools, -2 for the system prompt."""
    is_kept: bool
    """Whether it is worth remembering."""


class Placement(msgspec.Struct, frozen=True):
    """The edits of one request, and why these. ``count`` marks were placed."""

    edits: tuple[Edit, ...] = ()
    count: int = 0
    reason: str = ""
    kept: tuple[tuple[bytes, float], ...] = ()
    """Digests of the beginnings that the provider keeps with it, and for how many seconds."""
    staked_nanos: int = 0
    """What is lost if the conversation does not go on, of what earlier marks have saved."""


TOOLS, SYSTEM = -1, -2


def prefixes(outline: Outline, secret: bytes, tenant: bytes) -> tuple[Prefix, ...]:
    """The beginnings of a prompt that may come again, the shortest first; digests are of one tenant alone."""
    body, size = outline.body, len(outline.body)
    # As fast as any, and of beginnings that are long already; the secret comes first, and nobody sees the digests.
    state = hashlib.sha256(secret + len(tenant).to_bytes(4) + tenant)
    found: list[Prefix] = []
    read = 0

    def take(span: Span) -> None:
        nonlocal read
        read += span[1] - span[0]
        state.update(b"%d:" % (span[1] - span[0]))
        state.update(memoryview(body)[span[0] : span[1]])

    def note(block: Span, turn: int, *, is_kept: bool) -> None:
        found.append(Prefix(state.copy().digest()[:_DIGEST_BYTES], block, read / size, turn, is_kept))

    take(outline.tools)
    if outline.tools != NOWHERE:
        note(outline.last(outline.tools), TOOLS, is_kept=True)
    take(outline.system)
    if outline.system != NOWHERE:
        note(outline.last(outline.system), SYSTEM, is_kept=True)
    state.update(outline.settings)
    turns, leading = len(outline.turns), outline.leading
    end = turns - 1
    question = next((turn for turn in range(end, -1, -1) if outline.is_models(turn)), -1)
    for turn, span in enumerate(outline.turns):
        blocks = outline.blocks(turn) if turn in {leading, end} else ()
        if turn == leading and len(blocks) > 1:
            _note_inner(outline, state, blocks, (turn, read / size), found)
        take(span)
        if turn == end:
            note(blocks[-1] if blocks else NOWHERE, turn, is_kept=True)
        elif turn < leading + _FIRST_TURNS or turn >= turns - _LATEST_TURNS:
            note(NOWHERE, turn, is_kept=turn in {leading - 1, question})
    return tuple(found)


def _note_inner(
    outline: Outline, state: hashlib._Hash, blocks: Sequence[Span], place: tuple[int, float], found: list[Prefix]
) -> None:
    """Beginnings that end within the first turn."""
    inner, (turn, share) = state.copy(), place
    for start, end in blocks[:-1][:_INNER_BLOCKS]:
        inner.update(outline.body[start:end])
        share += (end - start) / len(outline.body)
        found.append(Prefix(inner.copy().digest()[:_DIGEST_BYTES] + b"+", (start, end), share, turn, is_kept=True))


def application_of(outline: Outline, beginnings: Sequence[Prefix]) -> bytes:
    """The digest of tools and standing instructions, which all prompts of one application share; empty without any."""
    leading = outline.leading
    return next((each.digest for each in reversed(beginnings) if each.turn < leading), b"")


def place(
    outline: Outline,
    beginnings: Sequence[Prefix],
    arrival: Arrival,
    terms: CacheTerms,
    target: str,
    tokens: int,
    now: float,
    credit: int,
    *,
    is_session: bool = False,
) -> Placement:
    """The marks for a prompt of so many ``tokens`` at a target.

    ``credit`` is what marks of this tenant have saved there so far, in nano-dollars: a prompt is written for the first
    time within it, or within the little that may be lost before anything was saved. ``is_session`` says that the caller
    itself has announced a conversation: its first turn may then be marked although nothing is known.
    """
    if outline.is_marked:
        return Placement(reason="the caller has marks of its own")
    return _Placing(outline, beginnings, arrival, terms, target, tokens, now, credit, is_session).place()


class _Placing(msgspec.Struct):
    outline: Outline
    beginnings: Sequence[Prefix]
    arrival: Arrival
    terms: CacheTerms
    target: str
    tokens: int
    now: float
    credit: int
    is_session: bool
    staked: int = 0
    why: str = ""

    def place(self) -> Placement:
        if self.terms.style is Style.BREAKPOINTS:
            return self._breakpoints()
        if self.terms.style is not Style.MARKS:
            return Placement(reason="the provider caches by itself")
        warm, shared = self._warm(), self._shared()
        end = len(self.beginnings) - 1
        is_long = self.terms.pays_long(self.arrival.chances[0], self.arrival.chances[LONG])
        goes_on = self._goes_on(warm, is_long=is_long)
        if not goes_on and shared > warm:
            surcharge = self.terms.surcharge(self._length(shared) - self._length(warm), is_long=self._is_long(shared))
            shared = shared if self._stakes(surcharge, is_proven=True) else -1
        far = end if goes_on else max(warm, shared)
        if far < 0 or self._length(far) < self.terms.minimum:
            short = far >= 0 or self.tokens < self.terms.minimum
            return Placement(reason=f"shorter than {self.terms.minimum} tokens" if short else self.why)
        if not goes_on:
            is_long = shared >= 0 and self._is_long(shared)
            kept = "is most likely kept" if warm >= shared else "has come again often enough"
            self.why = f"a beginning {kept}; {self.why}"
        return self._marked(far, warm, is_long=is_long)

    # -- what pays

    def _warm(self) -> int:
        """The longest beginning that the target most likely keeps; -1 where there is none."""
        known = self.arrival.known
        found = (at for at, each in enumerate(known) if each is not None and is_warm(each, self.target, self.now))
        return max(found, default=-1)

    def _shared(self) -> int:
        """The longest beginning that came again often enough; -1 where there is none."""
        found = (at for at, each in enumerate(self.arrival.known) if each is not None and self._comes_again(each))
        return max(found, default=-1)

    def _comes_again(self, known: Beginning) -> bool:
        short, long = known.chance(self.terms.horizon), known.chance(LONG)
        return self.terms.pays(short) or self.terms.pays_long(short, long)

    def _is_long(self, at: int) -> bool:
        known = self.arrival.known[at]
        return known is not None and self.terms.pays_long(known.chance(self.terms.horizon), known.chance(LONG))

    def _goes_on(self, warm: int, *, is_long: bool) -> bool:
        """Whether the whole prompt is worth keeping for the conversation's next turn."""
        arrival, terms = self.arrival, self.terms
        chance = arrival.chances[LONG if is_long else terms.horizon]
        is_announced = self.is_session and arrival.stage == OPENING
        if is_announced and arrival.cases < LEAST_CASES:
            chance = max(chance, _ANNOUNCED)
        said = f"goes on with {chance:.0%}"
        if not (is_long or terms.pays(chance)):
            self.why = f"the conversation {said}, less than {terms.least_chance:.0%}"
            return False
        is_new = (arrival.stage == OPENING or not arrival.is_known) and arrival.cases < LEAST_CASES
        if is_new and not is_announced:
            self.why = "nothing like it was seen before"
            return False
        if warm < 0 or self.beginnings[warm].turn < 0:  # all of what was said is written, and none of it read
            surcharge = terms.surcharge(self.tokens - self._length(warm), is_long=is_long)
            is_proven = arrival.stage == OPENING and arrival.cases >= LEAST_CASES
            if not self._stakes(surcharge, is_proven=is_proven):
                self.why = f"the conversation {said}, but earlier marks have not yet saved what this one may lose"
                return False
        self.why = f"the conversation {said}"
        return True

    def _stakes(self, surcharge: int, *, is_proven: bool) -> bool:
        """Whether so much may be lost; it is then staked."""
        if surcharge > self.credit and self.credit < -_UNCOVERED * surcharge * is_proven:
            return False
        self.staked = surcharge
        return True

    # -- where they stand

    def _marked(self, far: int, warm: int, *, is_long: bool) -> Placement:
        """Marks at this beginning, at what is found from it, and at what others share of it."""
        wanted: list[tuple[Span, int]] = [(self._block(far), far)]
        steps = self._steps_between(warm, far)
        if warm >= 0 and warm != far and steps > LOOK_BACK_BLOCKS - 2:
            wanted.append((self._block(warm), warm))
        elif (step := self._step_before(far)) != NOWHERE:
            wanted.append((step, -1))
        static = [at for at, each in enumerate(self.beginnings[:far]) if each.turn < 0]
        shared = [at for at in range(far) if at not in static and self.beginnings[at].block != NOWHERE]
        again = [at for at in shared if (known := self.arrival.known[at]) is not None and self._comes_again(known)]
        inside = (*reversed(static), *reversed(again))
        wanted += [(self._block(at), at) for at in inside if self._length(at) >= self.terms.minimum]
        edits: dict[Edit, None] = {}
        kept: list[tuple[bytes, float]] = []
        for block, at in wanted:
            is_hour = is_long or (at >= 0 and at in static and self._is_long(at))
            edit = self.outline.mark(block, _LONG if is_hour else None) if block != NOWHERE else None
            if edit is None or len(edits) == MOST_MARKS:
                continue
            edits[edit] = None
            if at >= 0:
                kept.append((self.beginnings[at].digest, HORIZONS_S[LONG if is_hour else self.terms.horizon]))
        made = _in_order(edits)
        return Placement(made, len(made), self.why, tuple(kept), self.staked if made else 0)

    def _block(self, at: int) -> Span:
        """The last block of a beginning."""
        prefix = self.beginnings[at]
        if prefix.block != NOWHERE or prefix.turn < 0:
            return prefix.block
        blocks = self.outline.blocks(prefix.turn)
        return blocks[-1] if blocks else NOWHERE

    def _steps_between(self, warm: int, far: int) -> int:
        """How many blocks of turns lie behind one beginning, up to the end of another."""
        first = max(self.beginnings[warm].turn, -1) if warm >= 0 else -1
        last = self.beginnings[far].turn
        steps = 0
        for turn in range(last, first, -1):
            steps += len(self.outline.blocks(turn))
            if steps > LOOK_BACK_BLOCKS:
                break
        return steps

    def _step_before(self, far: int) -> Span:
        """A block so far before the end that the next request finds it; ``NOWHERE`` in a shorter conversation."""
        left = STEP_BLOCKS
        for turn in range(self.beginnings[far].turn, -1, -1):
            blocks = self.outline.blocks(turn)
            if left < len(blocks):
                return blocks[len(blocks) - 1 - left]
            left -= len(blocks)
        return NOWHERE

    def _length(self, at: int) -> int:
        """Tokens of a beginning, about."""
        return int(self.tokens * self.beginnings[at].share) if at >= 0 else 0

    # -- providers that keep the end of the prompt by themselves, at a price

    def _breakpoints(self) -> Placement:
        outline, arrival, terms = self.outline, self.arrival, self.terms
        if self.tokens < terms.minimum:
            return Placement(reason=f"shorter than {terms.minimum} tokens")
        chance = arrival.chances[terms.horizon]
        is_last = arrival.stage == OPENING and arrival.cases >= MANY_CASES and not terms.pays(chance)
        end = self.arrival.known[-1]
        is_last = is_last and not (end is not None and self._comes_again(end))
        edits: list[Edit] = []
        kept: list[tuple[bytes, float]] = []
        for at in range(len(self.beginnings) - 1):
            prefix, known = self.beginnings[at], arrival.known[at]
            if prefix.turn < 0 or known is None or not self._comes_again(known):
                continue
            edit = outline.mark(self._block(at)) if self._length(at) >= terms.minimum else None
            if edit is not None and prefix.is_kept:
                edits = [edit]
                kept = [(prefix.digest, HORIZONS_S[terms.horizon])]
        if is_last:
            edits.append(insertion(outline.body, "prompt_cache_options", b'{"mode":"explicit"}'))
            why = f"the conversation goes on with {chance:.0%}, less than {terms.least_chance:.0%}: its end is not kept"
            return Placement(tuple(edits), len(kept), why, tuple(kept))
        why = "a beginning has come again often enough" if edits else "the provider keeps the end by itself"
        return Placement(tuple(edits), len(kept), why, tuple(kept))


def _in_order(edits: dict[Edit, None]) -> tuple[Edit, ...]:
    """Edits in the order of the body; of two at one place the first counts."""
    made: list[Edit] = []
    for edit in sorted(edits):
        if not made or (edit[0] >= made[-1][1] and edit[:2] != made[-1][:2]):
            made.append(edit)
    return tuple(made)
