"""The keys of `[sync]` and `[ledgers.<id>]`."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settlement_bridge.config.section import Section
from settlement_bridge.config.values import (
    Identifier,
    PayoutNumber,
    SettlementChoice,
    TimeZone,
    between,
    filled,
    stated,
)


class Sync(Section):
    """What is mirrored and published."""

    ledgers: Annotated[tuple[Identifier, ...], AfterValidator(filled)] | None = Field(
        default=None, description="Only these ledgers; all that the keys can see where left out.", examples=[["302321"]]
    )
    sales_units: Annotated[tuple[Identifier, ...], AfterValidator(filled)] | None = Field(
        default=None, description="Only the files of these sales units (MSN); all where left out.", examples=[["16655"]]
    )
    first_payout: PayoutNumber | None = Field(
        default=None,
        description="First payout number to publish, on every ledger; older ones are mirrored, not published.",
        examples=[2000001],
    )
    first_date: date | None = Field(
        default=None,
        description="First settlement date to publish; older payouts are mirrored, not published.",
        examples=[date(2026, 1, 1)],
    )
    parallel: Annotated[int, AfterValidator(between(1, 64, "a whole number"))] = Field(
        default=8, description="How many ledgers are read side by side."
    )
    personal_data: bool = Field(
        default=False,
        description="Whether to ask the API for who paid and what they wrote, for the columns Fornavn, Etternavn and "
        "Melding of xlsx and csv as a table. Demands retention_days.",
    )
    retention_days: Annotated[int, AfterValidator(between(1, 3650, "a whole number"))] | None = Field(
        default=None,
        validate_default=True,
        description="Days after a payment until the names and messages of its payers are purged from the store.",
        examples=[90],
    )
    time_zone: TimeZone = Field(
        default=ZoneInfo("Europe/Oslo"),
        description="Time zone of the times in the files (tz database).",
        examples=["Europe/Oslo"],
    )

    @field_validator("retention_days")
    @classmethod
    def _belongs_to_personal_data(cls, value: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("personal_data") and value is None:
            raise stated("is missing; personal data must not be kept for ever: set it, such as retention_days = 90")
        return value


class LedgerSettings(Section):
    """What is known of one ledger."""

    settlement: SettlementChoice | None = Field(
        default=None,
        description='How the ledger is settled, "net" or "gross", where the books leave a doubt.',
        examples=["gross"],
    )
    first_payout: PayoutNumber | None = Field(
        default=None,
        description="First payout number to publish on this ledger, instead of sync.first_payout.",
        examples=[2000001],
    )
