"""The keys of `[report_api]`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from settlement_bridge.config.section import SHOWN, Section
from settlement_bridge.config.values import (
    BaseUrl,
    Identifier,
    KeyText,
    LocalPath,
    Seconds,
    SecretKeyText,
    between,
    stated,
)


class ReportApi(Section):
    """Where settlements come from."""

    base_url: BaseUrl = Field(
        default="https://api.vipps.no",
        description="Address of the Report API. Must be https, unless it is on this machine.",
        json_schema_extra={**SHOWN},
    )
    dialect: Literal["auto", "v1", "v2"] = Field(
        default="auto",
        description='Version of the API to speak: "auto", "v1" or "v2". '
        '"auto" takes v1 where ledgers carry lastPayout, else v2.',
        json_schema_extra={**SHOWN},
    )
    keys: Literal["merchant", "accounting"] = Field(
        default="merchant",
        description='Whose keys these are: "merchant" (from the merchant\'s own portal) or "accounting" (of an '
        "accounting partner).",
        json_schema_extra={**SHOWN},
    )
    client_id: KeyText = Field(description="Client id of the API keys.", examples=["..."])
    client_secret: SecretKeyText = Field(description="Client secret of the API keys.", examples=["..."])
    client_secret_file: LocalPath | None = Field(
        default=None,
        description="File that holds the client secret, instead of client_secret.",
        examples=["client_secret"],
    )
    subscription_key: SecretKeyText | None = Field(
        default=None,
        validate_default=True,
        description="Subscription key (Ocp-Apim-Subscription-Key). Merchant keys have one, accounting keys have none.",
        examples=["..."],
        json_schema_extra={**SHOWN},
    )
    subscription_key_file: LocalPath | None = Field(
        default=None,
        description="File that holds the subscription key, instead of subscription_key.",
        examples=["subscription_key"],
    )
    merchant_serial_number: Identifier | None = Field(
        default=None, description="MSN to name in requests; not needed for most keys.", examples=["123456"]
    )
    connect_timeout: Seconds = Field(default=10.0, description="Seconds to wait for a connection.")
    read_timeout: Seconds = Field(default=60.0, description="Seconds to wait for the next part of an answer.")
    attempts: Annotated[int, AfterValidator(between(1, 20, "a whole number"))] = Field(
        default=5, description="How often one request is tried before its ledger waits for the next run."
    )
    longest_wait: Seconds = Field(
        default=120.0, description="Most seconds between two attempts, also where the API asks for more."
    )

    @field_validator("subscription_key")
    @classmethod
    def _fits_the_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        keys = info.data.get("keys")
        if keys == "merchant" and value is None:
            raise stated("is missing; merchant keys have one: add it, or subscription_key_file")
        if keys == "accounting" and value is not None:
            raise stated('is given, but accounting keys have none; remove it, or set keys = "merchant"')
        return value
