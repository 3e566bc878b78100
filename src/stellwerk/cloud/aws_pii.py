"""How AWS' services call kinds of personal data, and what each is in the common taxonomy."""

from __future__ import annotations

from stellwerk.core.taxonomy import Category, Hazard, Pii, Threat

CATEGORIES: dict[str, Category] = {
    "ADDRESS": Pii.LOCATION,
    "EMAIL": Pii.EMAIL_ADDRESS,
    "NAME": Pii.PERSON,
    "PHONE": Pii.PHONE_NUMBER,
    "DATE_TIME": Pii.DATE_TIME,
    "URL": Pii.URL,
    "IP_ADDRESS": Pii.IP_ADDRESS,
    "LICENSE_PLATE": Pii.LICENSE_PLATE,
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": Pii.IBAN_CODE,
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": Pii.US_ITIN,
    "UK_NATIONAL_INSURANCE_NUMBER": Pii.UK_NINO,
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": Pii.UK_NHS,
    **dict.fromkeys(("SSN", "US_SOCIAL_SECURITY_NUMBER"), Pii.US_SSN),
    **dict.fromkeys(
        (
            *("CREDIT_DEBIT_NUMBER", "CREDIT_DEBIT_CVV", "CREDIT_DEBIT_EXPIRY"),
            *("CREDIT_DEBIT_CARD_NUMBER", "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY"),
        ),
        Pii.CREDIT_CARD,
    ),
    **dict.fromkeys(("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PASSWORD", "PIN"), Threat.SECRET),
    **dict.fromkeys(
        (
            *("AGE", "USERNAME", "MAC_ADDRESS", "DRIVER_ID", "VEHICLE_IDENTIFICATION_NUMBER", "SWIFT_CODE"),
            *("BANK_ACCOUNT_NUMBER", "BANK_ROUTING", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER"),
            *("PASSPORT_NUMBER", "US_PASSPORT_NUMBER", "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER"),
            *("CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER"),
            *("IN_PERMANENT_ACCOUNT_NUMBER", "IN_NREGA", "IN_AADHAAR", "IN_VOTER_NUMBER"),
        ),
        Hazard.PRIVACY,
    ),
}
"""What has no name of its own there is a matter of privacy."""
