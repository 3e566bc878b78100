"""The weak target for prompts that it was learned to answer as well, the strong one for all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from stellwerk.core.learned_route import MAX_FILE_BYTES, LearnedRoute, Scorer, decode
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.errors import ConfigurationError
from stellwerk.ports.strategy import Strategy

FILES = ("model",)
_HOW = "no model ships; make one with `stellwerk models learn --input OUTCOMES.jsonl --output MODEL`"
_BEYOND_TEXT = re.compile(
    rb'"(?:(tools|functions|mcp_servers|toolConfig|tool_config)|(json_schema|response_?(?:[Jj]son_?)?[sS]chema)'
    rb"|(?:image|image_url|input_image|input_audio|input_file|inline_?[dD]ata|file_?[dD]ata|document|video))\""
)
"""Within a JSON text quotes are escaped: a quoted word is a name, or all of a text. The few texts that are such a word
go to the strong target as well."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where what was learned stands, and how much quality it has to keep."""

    model: str = ""
    """The file that `stellwerk models learn` wrote; a relative path begins at the configuration file's folder."""
    floor: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.99
    """The share of the strong target's quality that has to be kept."""
    weak: str = ""
    """The weak target as `provider/model`; without it the first one."""
    strong: str = ""
    """The strong target as `provider/model`; without it the last one."""
    max_prompt_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 16_000
    """A longer request goes to the strong target."""

    def __post_init__(self) -> None:
        """Two targets are wanted."""
        if self.weak and self.weak == self.strong:
            raise ValueError("weak and strong are the same target")


class Learned:
    """Two targets, of which a prompt's own probability chooses. Tools, schemas, media and long requests never go down.

    All other targets stand by behind these two, those listed last first.
    """

    __slots__ = ("_kept", "_scorer", "_settings", "_threshold")

    minds_conversations = False

    def __init__(self, settings: Settings, route: LearnedRoute, threshold: float) -> None:
        self._settings = settings
        self._scorer = Scorer(route)
        self._threshold = threshold
        self._kept = f"{settings.floor * 100:g} % of {{}}'s quality"

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return Plan(targets, "the only target") if len(targets) == 1 else None

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The weak target first, the strong one behind it, where the probability reaches the threshold."""
        del standings
        weak, strong = self._pair(targets)
        if weak is None or strong is None:
            missing = "weak" if weak is None else "strong"
            return Plan(targets[::-1], f"the {missing} target is not among those that can serve the request")
        others = [target for target in reversed(targets) if target is not weak and target is not strong]
        why = self._why_not(ask)
        if not why:
            chance = self._scorer.probability(ask.text())
            told = f"{weak.identity} does with a probability of {chance:.3f}"
            wanted = f"{self._threshold:.3f} keeps {self._kept.format(strong.identity)}"
            if chance >= self._threshold:
                return Plan((weak, strong, *others), f"{told}, and {wanted}")
            why = f"{told}, but only {wanted}"
        return Plan((strong, *others, weak), why)

    def _pair(self, targets: tuple[Target, ...]) -> tuple[Target | None, Target | None]:
        """The weak and the strong target, as far as they are there."""
        named = {target.identity: target for target in targets}
        given = self._settings
        weak, strong = named.get(given.weak), named.get(given.strong)
        if not given.strong:
            strong = next((target for target in reversed(targets) if target is not weak), None)
        if not given.weak:
            weak = next((target for target in targets if target is not strong), None)
        return weak, strong

    def _why_not(self, ask: Ask) -> str:
        """What keeps a request from the weak target, read off its bytes; empty where nothing does."""
        body = ask.envelope.body
        if len(body) > self._settings.max_prompt_bytes:
            return f"the request has {len(body):,} bytes"
        if found := _BEYOND_TEXT.search(body):
            kinds = ("offers tools", "has a JSON schema", "has more than text")
            return f"the request {kinds[(found.lastindex or 3) - 1]}"
        return "" if ask.text().strip() else "the request has no text to judge"


def build(settings: Settings) -> Strategy:
    """The strategy. Raises ``ConfigurationError`` where there is no model, or none that keeps the floor."""
    route = _read(settings.model)
    cut = route.cut(settings.floor)
    if cut is None:
        best = max((cut.at_least for cut in route.cuts), default=0.0)
        reason = f"nothing was found to keep {settings.floor:g} of the quality, at most {best:.3f}"
        raise ConfigurationError((f"{settings.model}: {reason}; learn it from more outcomes, or lower the floor",))
    return Learned(settings, route, cut.probability)


def _read(path: str) -> LearnedRoute:
    if not path:
        raise ConfigurationError((_HOW,))
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the model cannot be read: {reason}; {_HOW}",)) from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigurationError((f"{path}: this is no model: it has more than {MAX_FILE_BYTES:,} bytes",))
    try:
        return decode(content)
    except ConfigurationError as error:
        raise ConfigurationError((f"{path}: {error.message}",)) from error
