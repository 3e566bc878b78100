"""A policy pack as the properties of AWS::Bedrock::Guardrail, so that one file makes both sides.

What Bedrock cannot do is left out: types of personal data that it does not know, and topics that are answered with a
help text, because its guardrail has one message for everything that it blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stellwerk.config.packs import Pack, specs
from stellwerk.core.snapshot import GuardrailSpec
from stellwerk.core.subject import Side
from stellwerk.core.taxonomy import Breach, Pii
from stellwerk.core.verdict import Action
from stellwerk.errors import ConfigurationError

ENTITIES = {
    Pii.PERSON: "NAME",
    Pii.EMAIL_ADDRESS: "EMAIL",
    Pii.PHONE_NUMBER: "PHONE",
    Pii.LOCATION: "ADDRESS",
    Pii.IBAN_CODE: "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    Pii.CREDIT_CARD: "CREDIT_DEBIT_CARD_NUMBER",
    Pii.IP_ADDRESS: "IP_ADDRESS",
    Pii.URL: "URL",
    Pii.LICENSE_PLATE: "LICENSE_PLATE",
    Pii.US_SSN: "US_SOCIAL_SECURITY_NUMBER",
    Pii.US_ITIN: "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
    Pii.UK_NHS: "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
    Pii.UK_NINO: "UK_NATIONAL_INSURANCE_NUMBER",
}
"""Bedrock's names of what it knows."""
SECRETS = ("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PASSWORD")
MOST_EXAMPLES = 5
LONGEST_EXAMPLE = 100
LONGEST_DEFINITION = 200
LONGEST_MESSAGE = 500

_SENSITIVE = {Action.BLOCK: "BLOCK", Action.MASK: "ANONYMIZE", Action.PSEUDONYMIZE: "ANONYMIZE"}


def properties(pack: Pack, name: str, profile: str = "") -> dict[str, Any]:
    """The properties of a guardrail called ``name``.

    With ``profile``, the ARN of a guardrail profile, topics and filters are of the tier STANDARD, the one that knows
    German. Raises ``ConfigurationError`` for what Bedrock does not take.
    """
    rules = specs(pack)
    message = pack.screening.message or "A policy does not let this through."
    topics = [topic for rule in rules if rule.use == "topic" for topic in _topics(rule, pack)]
    entities = [entity for rule in rules if rule.use in {"pii", "secret_leak"} for entity in _entities(rule)]
    regexes = [regex for rule in rules if rule.use == "pattern" for regex in _regexes(rule)]
    found: dict[str, Any] = {
        "Name": name,
        "Description": pack.description,
        "BlockedInputMessaging": message,
        "BlockedOutputsMessaging": message,
        "ContentPolicyConfig": _with_tier({"FiltersConfig": _filters(pack)}, "ContentFiltersTierConfig", profile),
        "TopicPolicyConfig": _with_tier({"TopicsConfig": topics}, "TopicsTierConfig", profile),
        "SensitiveInformationPolicyConfig": {"PiiEntitiesConfig": entities, "RegexesConfig": regexes},
        "WordPolicyConfig": {
            "WordsConfig": [{"Text": word} for word in pack.bedrock.words],
            "ManagedWordListsConfig": [{"Type": "PROFANITY"}] if pack.bedrock.profanity else [],
        },
        "ContextualGroundingPolicyConfig": {
            "FiltersConfig": [
                {"Type": kind, "Threshold": threshold, "Action": "BLOCK"}
                for kind, threshold in pack.bedrock.grounding.items()
            ]
        },
    }
    if profile:
        found["CrossRegionConfig"] = {"GuardrailProfileArn": profile}
    _refuse_what_is_too_long(pack, topics, message)
    return _without_the_empty(found)


def _topics(rule: GuardrailSpec, pack: Pack) -> Iterator[dict[str, Any]]:
    for topic in rule.options["topics"]:
        kind = topic.get("category", Breach.TOPIC)
        if kind in pack.screening.help_texts or topic["name"] in pack.screening.help_texts:
            continue
        action = "BLOCK" if _action(rule, topic["name"], kind) is Action.BLOCK else "NONE"
        yield {
            "Name": topic["name"],
            "Definition": topic.get("definition", ""),
            "Examples": topic.get("examples", [])[:MOST_EXAMPLES],
            "Type": "DENY",
            **_sides(rule, action),
        }


def _entities(rule: GuardrailSpec) -> Iterator[dict[str, Any]]:
    if rule.use == "secret_leak":
        for secret in SECRETS:
            action = _SENSITIVE.get(rule.action, "NONE")
            yield {"Type": secret, "Action": action, **_sides(rule, action)}
        return
    for name in rule.options.get("types") or list(Pii):
        entity = ENTITIES.get(Pii(name))
        if entity is not None:
            action = _SENSITIVE.get(_action(rule, name, name), "NONE")
            yield {"Type": entity, "Action": action, **_sides(rule, action)}


def _regexes(rule: GuardrailSpec) -> Iterator[dict[str, Any]]:
    for pattern in rule.options["patterns"]:
        action = _SENSITIVE.get(_action(rule, pattern["name"], pattern.get("category", Breach.PATTERN)), "NONE")
        written = f"(?i){pattern['pattern']}" if pattern.get("ignore_case") else pattern["pattern"]
        yield {"Name": pattern["name"], "Pattern": written, "Action": action, **_sides(rule, action)}


def _filters(pack: Pack) -> list[dict[str, str]]:
    """The filter of attacks on the prompt looks at input alone: Bedrock refuses any other strength for output."""
    return [
        {"Type": kind, "InputStrength": strengths[0], "OutputStrength": strengths[1]}
        for kind, strengths in pack.bedrock.filters.items()
    ]


def _action(rule: GuardrailSpec, name: str, kind: str) -> Action:
    return rule.actions.get(name) or rule.actions.get(kind, rule.action)


def _sides(rule: GuardrailSpec, action: str) -> dict[str, Any]:
    return {
        "InputAction": action,
        "OutputAction": action,
        "InputEnabled": Side.INPUT in rule.on,
        "OutputEnabled": Side.OUTPUT in rule.on,
    }


def _with_tier(policy: dict[str, Any], key: str, profile: str) -> dict[str, Any]:
    return {**policy, key: {"TierName": "STANDARD"}} if profile and any(policy.values()) else policy


def _refuse_what_is_too_long(pack: Pack, topics: list[dict[str, Any]], message: str) -> None:
    problems = []
    if len(message) > LONGEST_MESSAGE:
        problems.append(f"the message has {len(message)} characters of {LONGEST_MESSAGE}")
    if pack.bedrock.filters.get("PROMPT_ATTACK", ("NONE", "NONE"))[1] != "NONE":
        problems.append("the filter PROMPT_ATTACK has no strength for output")
    for topic in topics:
        if not 0 < len(topic["Definition"]) <= LONGEST_DEFINITION:
            problems.append(f"{topic['Name']}: expected a definition of up to {LONGEST_DEFINITION} characters")
        problems += [
            f"{topic['Name']}: an example has {len(example)} characters of {LONGEST_EXAMPLE}"
            for example in topic["Examples"]
            if len(example) > LONGEST_EXAMPLE
        ]
    if problems:
        raise ConfigurationError(tuple(f"bedrock: {problem}" for problem in problems))


def _without_the_empty(properties: dict[str, Any]) -> dict[str, Any]:
    """Policies without lists that hold nothing, which Bedrock refuses."""
    kept = {}
    for key, value in properties.items():
        inner = {name: part for name, part in value.items() if part != []} if isinstance(value, dict) else value
        if inner:
            kept[key] = inner
    return kept
