"""The whole tree of keys, each with its description; `config.example.toml` is generated from here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settlement_bridge.config.daemon import Alarms, Daemon, Health, Notify
from settlement_bridge.config.destinations import Destination, one_file_a_path
from settlement_bridge.config.details import IssuerDetails, Organization, Registers, SalesUnitSettings
from settlement_bridge.config.report_api import ReportApi
from settlement_bridge.config.schedule import Schedule
from settlement_bridge.config.section import Section
from settlement_bridge.config.sftp_server import SftpServer
from settlement_bridge.config.sync import LedgerSettings, Sync
from settlement_bridge.config.values import Identifier, LocalPath, StoreUrl, database_url, stated


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
