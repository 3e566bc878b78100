"""The sections of guardrails: which checks look where, what becomes of what they find, and how they run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stellwerk.config.section import ProviderName, Seconds, Section
from stellwerk.core.snapshot import GuardrailSpec, ScreeningSpec

Action = Literal["block", "mask", "pseudonymize", "flag", "observe"]


class Guardrail(Section):
    """A check. Keys other than those of every guardrail are options of the check."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    use: str = Field(description="Which check: a file of guardrails/, or an installed plugin.")
    name: ProviderName | None = Field(
        default=None, description="How models refer to it, and records show it. Default: the check's name."
    )
    on: Annotated[list[Literal["input", "output", "log"]], Field(min_length=1)] = Field(
        default=["input"], description="What it looks at: requests, answers, or what is kept of them."
    )
    action: Action | None = Field(
        default=None,
        description="What becomes of what is found: the request is refused or the answer cut (block), the finding is "
        "replaced by its type (mask) or by a stand-in that answers are translated back from (pseudonymize), callers "
        "are told (flag), or it is only put on record (observe). Each check has its own default.",
    )
    actions: dict[str, Action] = Field(default={}, description="The same for single categories, such as CREDIT_CARD.")
    failure: Literal["closed", "open", "degrade"] = Field(
        default=GuardrailSpec("", "", {}, {}).failure,
        description="When the check cannot run: nothing passes without it (closed), everything does and callers are "
        "told (open), or everything does that the other checks let through at half their thresholds (degrade).",
    )
    timeout_s: Seconds = Field(
        default=GuardrailSpec("", "", {}, {}).timeout_s, description="How long a check that asks a service may take."
    )


class Screening(Section):
    """What holds for all guardrails together."""

    deadline_s: Seconds = Field(
        default=ScreeningSpec().deadline_s, description="How long all checks of one request may take together."
    )
    stream: Literal["stream", "buffer"] = Field(
        default=ScreeningSpec().stream,
        description="Whether streamed answers go on as soon as what was said of them is checked, or when all is.",
    )
    pseudonyms_s: Seconds = Field(
        default=ScreeningSpec().pseudonyms_s, description="How long the stand-ins of a conversation are remembered."
    )
    unmask_tools: dict[str, list[str]] | None = Field(
        default=None,
        description="Types that are put back in arguments of tool calls, by the tool's name. Default: all, in all.",
    )
    spotlight: bool = Field(
        default=ScreeningSpec().spotlight,
        description="Whether long texts of tools' results and documents are marked, so that models take them for data.",
    )
    tainted_tools: list[str] = Field(
        default=list(ScreeningSpec().tainted_tools),
        description='Tools that may be called although such a text looks like an attack and was let through; "*" for '
        "all.",
    )
    message: str = Field(
        default=ScreeningSpec().message, min_length=1, max_length=2000, description="What callers are told of a block."
    )
    help_texts: dict[str, str] = Field(
        default={}, description="What callers are told instead, by category, such as S11 for self-harm."
    )

    def spec(self) -> ScreeningSpec:
        """The section as workers load it."""
        tools = self.unmask_tools
        return ScreeningSpec(
            deadline_s=self.deadline_s,
            stream=self.stream,
            pseudonyms_s=self.pseudonyms_s,
            unmask_tools=None if tools is None else {name: tuple(types) for name, types in tools.items()},
            spotlight=self.spotlight,
            tainted_tools=tuple(self.tainted_tools),
            message=self.message,
            help_texts=self.help_texts,
        )
