"""Every key there is, with its description; `config.example.toml` is generated from here."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from settlement_bridge.config.daemon import Alarms, Daemon, Health, Notify
from settlement_bridge.config.destinations import Destination, one_file_a_path
from settlement_bridge.config.schedule import Schedule
from settlement_bridge.config.section import SHOWN, Section
from settlement_bridge.config.sftp_server import SftpServer
from settlement_bridge.config.values import (
    BaseUrl,
    Identifier,
    KeyText,
    LocalPath,
    PayoutNumber,
    Seconds,
    SecretKeyText,
    SettlementChoice,
    StoreUrl,
    TimeZone,
    between,
    database_url,
    filled,
    stated,
)
from settlement_bridge.model import Issuer

_ISSUER = Issuer()


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


class Store(Section):
    """Where the mirrored books are kept."""

    url: StoreUrl = Field(
        description="SQLAlchemy address of the database: SQLite (sqlite:///state.db is a file beside this one, "
        "sqlite:////var/lib/... has an absolute path) or PostgreSQL (postgresql+psycopg://user:password@host/name).",
        examples=["sqlite:///state.db"],
    )
    url_file: LocalPath | None = Field(
        default=None,
        description="File that holds the address, instead of url, where it has a password.",
        examples=["store_url"],
    )

    @property
    def folder(self) -> Path | None:
        """The folder that the database's file is in; None where it is not a file."""
        url = database_url(self.url.get_secret_value())
        return Path(url.database).parent if url and url.get_backend_name() == "sqlite" and url.database else None


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


class Organization(Section):
    """What the Report API does not know of an organization; empty in the files where left out."""

    name: str = Field(default="", description="Name of the organization.", examples=["Blodsmak Sportsklubb"])
    address: str = Field(default="", description="Street and number.", examples=["Kastellhagen 2"])
    zip_code: str = Field(default="", description="Postal code.", examples=["1176"])
    city: str = Field(default="", description="City.", examples=["OSLO"])
    country_code: str = Field(default="", description="Country, as three letters.", examples=["NOR"])


class SalesUnitSettings(Section):
    """What is known of one sales unit."""

    name: str = Field(
        description="Name of the sales unit; wins over the name the API gives (v1 gives none).",
        examples=["Blodsmak Sportsklubb"],
    )


class IssuerDetails(Section):
    """Who the files say they come from."""

    name: str = Field(default=_ISSUER.name, description="Name of the issuer.")
    web_site: str = Field(default=_ISSUER.web_site, description="Web site of the issuer.")
    visiting_address: str = Field(default=_ISSUER.visiting_address, description="Street and number of the issuer.")
    post_box: str = Field(default=_ISSUER.post_box, description="Post box of the issuer.")
    post_address: str = Field(default=_ISSUER.post_address, description="Postal code and city of the issuer.")
    country: str = Field(default=_ISSUER.country, description="Country of the issuer.")
    organization_number: str = Field(
        default=_ISSUER.organization_number, description="Organization number of the issuer (csv in sections)."
    )

    def as_issuer(self) -> Issuer:
        """Return the same as the model's own value."""
        return Issuer(**self.model_dump())


class Registers(Section):
    """Public registers of organizations."""

    lookup: bool = Field(
        default=False,
        description="Whether to ask them for the name and address of Norwegian and Finnish organizations that have no "
        "[organizations.<number>] of their own. Answers are kept for 30 days; files never wait for a register that "
        "is down.",
        json_schema_extra={**SHOWN},
    )
    norway: BaseUrl = Field(
        default="https://data.brreg.no/enhetsregisteret/api", description="Address of Norway's Enhetsregisteret."
    )
    finland: BaseUrl = Field(
        default="https://avoindata.prh.fi/opendata-ytj-api/v3", description="Address of Finland's YTJ, kept by PRH."
    )
    timeout: Annotated[float, AfterValidator(between(0.1, 30, "a number of seconds"))] = Field(
        default=3.0, description="Seconds to wait for an answer before a file goes without."
    )


class Configuration(Section):
    """The whole tree."""

    report_api: ReportApi = Field(description="Where settlements come from, and the API keys.")
    store: Store = Field(description="Where the mirrored books are kept.")
    destinations: Annotated[tuple[Destination, ...], AfterValidator(one_file_a_path)] = Field(
        default=(), description="Where files are published; one [[destinations]] each."
    )
    sftp_server: SftpServer | None = Field(
        default=None,
        description="An SFTP server like the retired one, from which import jobs fetch their files; none where left "
        "out. Run by settlement-bridge serve.",
    )
    sync: Sync = Field(default=Sync(), description="What is mirrored and published; everything where left out.")
    schedule: Schedule = Field(
        default=Schedule(), description="When settlement-bridge run reads and publishes; hourly where left out."
    )
    daemon: Daemon = Field(default=Daemon(), description="How settlement-bridge run behaves.")
    health: Health = Field(default=Health(), description="Where settlement-bridge run can be asked how it is.")
    alarms: Alarms = Field(default=Alarms(), description="For how long settlement-bridge run takes trouble calmly.")
    notify: Notify = Field(
        default=Notify(),
        description="Whom settlement-bridge run tells of a ledger that is held, a file that was refused, of what lasts "
        "longer than alarms says, and when it is over; once each.",
    )
    issuer: IssuerDetails = Field(default=IssuerDetails(), description="Who the files say they come from.")
    registers: Registers = Field(
        default=Registers(), description="Public registers that know the names and addresses of organizations."
    )
    organizations: Mapping[Identifier, Organization] = Field(
        default={},
        description="What the Report API does not know of an organization, by its number.",
        examples=["998724341"],
    )
    sales_units: Mapping[Identifier, SalesUnitSettings] = Field(
        default={}, description="What is to be used for a sales unit, by its MSN.", examples=["16655"]
    )
    ledgers: Mapping[Identifier, LedgerSettings] = Field(
        default={}, description="What is to be used for a ledger, by its id.", examples=["302321"]
    )

    @field_validator("sftp_server")
    @classmethod
    def _has_a_place_for_its_keys(cls, value: SftpServer | None, info: ValidationInfo) -> SftpServer | None:
        store = info.data.get("store")
        if value and value.host_keys is None and store and store.folder is None:
            raise stated("needs host_keys, the folder of its own keys, since the database is not a file")
        return value

    @classmethod
    def from_data(cls, data: Mapping[str, object], folder: Path) -> Self:
        """Validate plain data (lists as tuples); raise pydantic's ValidationError. Relative paths start at `folder`."""
        return cls.model_validate(data, context={"folder": folder})
