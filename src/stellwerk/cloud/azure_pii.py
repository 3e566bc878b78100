"""How Azure calls kinds of personal data, and what each is in the common taxonomy."""

from __future__ import annotations

from stellwerk.core.taxonomy import Category, Pii, Threat

NO_PERSONAL_DATA = frozenset({"Organization", "PersonType", "Event", "Product", "Skill", "Quantity"})
"""What Azure tells of besides."""

CATEGORIES: dict[str, Category] = {
    "Person": Pii.PERSON,
    "Email": Pii.EMAIL_ADDRESS,
    "PhoneNumber": Pii.PHONE_NUMBER,
    "Address": Pii.LOCATION,
    "Location": Pii.LOCATION,
    "DateTime": Pii.DATE_TIME,
    "Date": Pii.DATE_TIME,
    "DateOfBirth": Pii.DATE_TIME,
    "URL": Pii.URL,
    "IPAddress": Pii.IP_ADDRESS,
    "CreditCardNumber": Pii.CREDIT_CARD,
    "InternationalBankingAccountNumber": Pii.IBAN_CODE,
    "LicensePlate": Pii.LICENSE_PLATE,
    "USSocialSecurityNumber": Pii.US_SSN,
    "USIndividualTaxpayerIdentification": Pii.US_ITIN,
    "UKNationalHealthNumber": Pii.UK_NHS,
    "UKNationalInsuranceNumber": Pii.UK_NINO,
    "DETaxIdentificationNumber": Pii.DE_TAX_ID,
    "DEIdentityCardNumber": Pii.DE_ID_CARD,
    "DEValueAddedNumber": Pii.DE_VAT_ID,
    "ATSocialSecurityNumber": Pii.AT_SOCIAL_SECURITY,
    "ATValueAddedTaxNumber": Pii.AT_VAT_ID,
    "CHSocialSecurityNumber": Pii.CH_AHV,
    **dict.fromkeys(
        (
            *("AzureDocumentDBAuthKey", "AzureIAASDatabaseConnectionAndSQLString", "AzureIoTConnectionString"),
            *("AzurePublishSettingPassword", "AzureRedisCacheString", "AzureSAS", "AzureServiceBusString"),
            *("AzureStorageAccountKey", "AzureStorageAccountGeneric", "SQLServerConnectionString"),
        ),
        Threat.SECRET,
    ),
}
"""What has no name of its own there is a matter of privacy."""
