"""What a finding is about: MLCommons' hazards, attacks on the prompt, secrets, hints, personal data, own rules.

Hazards carry the codes S1-S14 of the MLCommons taxonomy as Llama Guard prints them. Personal data has the names that
Presidio gave it, so that findings of several tools can be compared.
"""

from __future__ import annotations

from enum import StrEnum


class Hazard(StrEnum):
    """Kinds of content that may do harm."""

    VIOLENT_CRIMES = "S1"
    NON_VIOLENT_CRIMES = "S2"
    SEX_RELATED_CRIMES = "S3"
    CHILD_SEXUAL_EXPLOITATION = "S4"
    DEFAMATION = "S5"
    SPECIALIZED_ADVICE = "S6"
    PRIVACY = "S7"
    INTELLECTUAL_PROPERTY = "S8"
    INDISCRIMINATE_WEAPONS = "S9"
    HATE = "S10"
    SELF_HARM = "S11"
    SEXUAL_CONTENT = "S12"
    ELECTIONS = "S13"
    CODE_INTERPRETER_ABUSE = "S14"


class Threat(StrEnum):
    """What is aimed at the system itself rather than at people."""

    PROMPT_ATTACK = "PROMPT_ATTACK"
    SECRET = "SECRET"  # noqa: S105 - a category's name


class Hint(StrEnum):
    """What small models suspect without saying which hazard it is."""

    HARMFUL = "HARMFUL"
    TOXICITY = "TOXICITY"


class Pii(StrEnum):
    """Kinds of personal data."""

    PERSON = "PERSON"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    PHONE_NUMBER = "PHONE_NUMBER"
    LOCATION = "LOCATION"
    DATE_TIME = "DATE_TIME"
    IBAN_CODE = "IBAN_CODE"
    CREDIT_CARD = "CREDIT_CARD"
    IP_ADDRESS = "IP_ADDRESS"
    URL = "URL"
    LICENSE_PLATE = "LICENSE_PLATE"
    US_SSN = "US_SSN"
    US_ITIN = "US_ITIN"
    UK_NHS = "UK_NHS"
    UK_NINO = "UK_NINO"
    DE_TAX_ID = "DE_TAX_ID"
    DE_SOCIAL_SECURITY = "DE_SOCIAL_SECURITY"
    DE_HEALTH_ID = "DE_HEALTH_ID"
    DE_ID_CARD = "DE_ID_CARD"
    DE_VAT_ID = "DE_VAT_ID"
    AT_SOCIAL_SECURITY = "AT_SOCIAL_SECURITY"
    AT_VAT_ID = "AT_VAT_ID"
    CH_AHV = "CH_AHV"


class Breach(StrEnum):
    """What is against a rule that a policy has set itself. Findings of topics and patterns tell by name which one."""

    TOPIC = "TOPIC"
    PATTERN = "PATTERN"
    LENGTH = "LENGTH"
    SCHEMA = "SCHEMA"
    UNGROUNDED = "UNGROUNDED"


Category = Hazard | Threat | Hint | Pii | Breach

_BY_NAME: dict[str, Category] = {str(member): member for kind in (Hazard, Threat, Hint, Pii, Breach) for member in kind}


def category_of(name: str) -> Category:
    """The category with this name. Raises ``ValueError`` for a name that is none's."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ValueError(f"there is no category {name!r}") from None
