"""The sections of guardrails: which checks look where, what becomes of what they find, and how they run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from stellwerk import plugins
from stellwerk.config import packs
from stellwerk.config.section import ProviderName, Seconds, Section
from stellwerk.core import verdict
from stellwerk.core.snapshot import GuardrailSpec, ScreeningSpec
from stellwerk.core.subject import Side

_OF_PACKS = frozenset({"policy", "name"})
Action = Literal["block", "mask", "pseudonymize", "flag", "observe"]


class Guardrail(Section):
    """A check. Keys other than those of every guardrail are options of the check."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    use: str | None = Field(default=None, description="Which check: a file of guardrails/, or an installed plugin.")
    policy: Literal["finance", "general", "health", "hospitality", "legal"] | None = Field(
        default=None, description="A policy pack instead of a check: all that a trade wants checked."
    )
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

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.use is None) is (self.policy is None):
            raise PydanticCustomError("reason", "{reason}", {"reason": "expected one of use and policy"})
        if self.policy is not None and (surplus := {*self.model_fields_set, *(self.model_extra or ())} - _OF_PACKS):
            reason = f"a policy has no {', '.join(sorted(surplus))}"
            raise PydanticCustomError("reason", "{reason}", {"reason": reason})
        return self

    def specs(self) -> tuple[GuardrailSpec, ...]:
        """The guardrails that it makes."""
        if self.policy is not None:
            return packs.specs(packs.read(self.policy), f"{self.name or self.policy}.")
        use = self.use or ""
        secrets, given = plugins.secrets("guardrails", use), self.model_extra or {}
        return (
            GuardrailSpec(
                name=self.name or use,
                use=use,
                options={option: value for option, value in given.items() if option not in secrets},
                secrets={option: given[option] for option in secrets if option in given},
                on=tuple(map(Side, self.on)),
                action=verdict.Action(self.action or plugins.default_action(use)),
                actions={
                    category: verdict.Action(action)
                    for category, action in {**plugins.default_actions(use), **self.actions}.items()
                },
                failure=self.failure,
                timeout_s=self.timeout_s,
            ),
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
    masks: dict[str, Literal["label", "last_four", "hash", "drop"]] = Field(
        default={},
        description="What stands in the place of a masked value, by category: its label as [IBAN_CODE] (default), all "
        "but its last four characters as asterisks, its label with a keyed digest, or nothing.",
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

    def spec(self, policies: Iterable[str] = ()) -> ScreeningSpec:
        """The section as workers load it; what it leaves open is what policies suggest, the first of them first."""
        suggested = [packs.read(policy).screening for policy in policies]
        tools, message, help_texts = self.unmask_tools, self.message, dict(self.help_texts)
        for each in suggested:
            help_texts = {**each.help_texts, **help_texts}
            if each.unmask_tools and self.unmask_tools is None:
                tools = {**{tool: list(types) for tool, types in each.unmask_tools.items()}, **(tools or {})}
        if "message" not in self.model_fields_set:
            message = next((each.message for each in suggested if each.message), message)
        return ScreeningSpec(
            deadline_s=self.deadline_s,
            stream=self.stream,
            pseudonyms_s=self.pseudonyms_s,
            unmask_tools=None if tools is None else {name: tuple(types) for name, types in tools.items()},
            masks=dict(self.masks),
            spotlight=self.spotlight,
            tainted_tools=tuple(self.tainted_tools),
            message=message,
            help_texts=help_texts,
        )
