"""Packs make guardrails that Amazon Bedrock's own service model accepts."""

import re
from typing import Any

import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from stellwerk.config import packs
from stellwerk.errors import ConfigurationError
from stellwerk.screening.bedrock_guardrail import ENTITIES, SECRETS, properties

PROFILE = "arn:aws:bedrock:eu-central-1:123456789012:guardrail-profile/eu.guardrail.v1:0"
RENAMED = {
    "ContentFiltersTierConfig": "tierConfig",
    "TopicsTierConfig": "tierConfig",
    "GuardrailProfileArn": "guardrailProfileIdentifier",
}
"""What CloudFormation calls otherwise than the API; all else differs by the case of its first letter."""
MODEL = ServiceModel(Loader().load_service_model("bedrock", "service-2"), "bedrock")
SHAPE = MODEL.operation_model("CreateGuardrail").input_shape


def as_request(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(key, key[0].lower() + key[1:]): as_request(part) for key, part in value.items()}
    return [as_request(part) for part in value] if isinstance(value, list) else value


def faults(value: Any, shape: Any, at: str = "") -> list[str]:
    """What botocore's own validation leaves to the service: enumerations, patterns and upper bounds."""
    if shape.type_name == "structure":
        return [fault for key, part in value.items() for fault in faults(part, shape.members[key], f"{at}.{key}")]
    found = []
    most = shape.metadata.get("max")
    if shape.type_name in {"list", "string"} and most is not None and len(value) > most:
        found.append(f"{at}: {len(value)} of {most}")
    if shape.type_name == "list":
        return found + [fault for part in value for fault in faults(part, shape.member, f"{at}[]")]
    if shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            found.append(f"{at}: {value}")
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            found.append(f"{at}: {value} is not {pattern}")
    return found


@pytest.mark.parametrize("profile", ["", PROFILE])
@pytest.mark.parametrize("name", packs.NAMES)
def test_every_pack_makes_a_guardrail_that_bedrock_accepts(name: str, profile: str) -> None:
    request = as_request(properties(packs.read(name), f"stellwerk-{name}", profile))
    assert ParamValidator().validate(request, SHAPE).generate_report() == ""
    assert faults(request, SHAPE) == []


def test_names_of_personal_data_are_those_of_bedrock() -> None:
    assert {*ENTITIES.values(), *SECRETS} <= {*MODEL.shape_for("GuardrailPiiEntityType").enum}


def test_actions_and_sides_are_those_of_the_pack() -> None:
    found = properties(packs.read("hospitality"), "h")
    entities = {entry["Type"]: entry for entry in found["SensitiveInformationPolicyConfig"]["PiiEntitiesConfig"]}
    assert entities["CREDIT_DEBIT_CARD_NUMBER"]["Action"] == "BLOCK"
    assert entities["NAME"]["Action"] == entities["PASSWORD"]["Action"] == "ANONYMIZE"
    topic = found["TopicPolicyConfig"]["TopicsConfig"][0]
    assert (topic["Name"], topic["Type"], topic["InputAction"], topic["OutputEnabled"]) == (
        "medical_advice",
        "DENY",
        "BLOCK",
        True,
    )


def test_topics_that_are_answered_with_help_are_not_refused_there() -> None:
    assert "TopicPolicyConfig" not in properties(packs.read("general"), "g")


def test_patterns_become_regexes() -> None:
    regexes = properties(packs.read("legal"), "l")["SensitiveInformationPolicyConfig"]["RegexesConfig"]
    assert {entry["Name"] for entry in regexes} >= {"CASE_NUMBER_DE", "CASE_NUMBER_EU"}
    assert {entry["Action"] for entry in regexes} == {"ANONYMIZE"}


HEAD = 'title = "T"\ndescription = "D"\nlanguages = ["de"]\n'
TOPIC = '[[guardrails]]\nuse = "topic"\naction = "flag"\n[[guardrails.topics]]\nname = "a"\nterms = ["word"]\n'


def test_what_is_only_flagged_blocks_nothing_there_either() -> None:
    pattern = '[[guardrails]]\nuse = "pattern"\npatterns = [{ name = "p", pattern = "x", ignore_case = true }]\n'
    flagged = HEAD + TOPIC + 'definition = "D"\n' + pattern + '[bedrock]\nwords = ["Narr"]\n'
    found = properties(packs.parse(flagged, "mine"), "m")
    assert found["TopicPolicyConfig"]["TopicsConfig"][0]["InputAction"] == "NONE"
    assert found["SensitiveInformationPolicyConfig"]["RegexesConfig"][0]["Pattern"] == "(?i)x"
    assert found["WordPolicyConfig"] == {"WordsConfig": [{"Text": "Narr"}]}
    assert found["BlockedInputMessaging"] == "A policy does not let this through."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TOPIC, "a: expected a definition of up to 200 characters"),
        (TOPIC + f'definition = "D"\nexamples = ["{"x" * 101}"]\n', "an example has 101 characters of 100"),
        (TOPIC + f'definition = "D"\n[screening]\nmessage = "{"x" * 501}"\n', "the message has 501 characters of 500"),
        (
            TOPIC + 'definition = "D"\n[bedrock]\nfilters = { PROMPT_ATTACK = ["LOW", "LOW"] }\n',
            "no strength for output",
        ),
    ],
)
def test_what_bedrock_does_not_take_is_refused(content: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        properties(packs.parse(HEAD + content, "mine"), "m")
