"""The configuration as the bridge's stages want it: plain values, destinations, keys."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta, tzinfo

from settlement_bridge import formats
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.config import Configuration
from settlement_bridge.config import Destination as DestinationSettings
from settlement_bridge.config import LocalDestination as LocalSettings
from settlement_bridge.config import Registers as RegisterSettings
from settlement_bridge.config import SftpDestination as SftpSettings
from settlement_bridge.formats import Format
from settlement_bridge.model import Issuer, Organization, Settlement
from settlement_bridge.publish import Destination, LocalDestination
from settlement_bridge.registers import Enhetsregisteret, Registers, Ytj
from settlement_bridge.report_api import ApiSettings
from settlement_bridge.settlement.merchants import Directory


@dataclass(frozen=True)
class Outlet:
    """A destination with the formats it is given."""

    destination: Destination
    formats: tuple[Format, ...]
    suffix_on_conflict: bool = False
    """Of two settlements that want one path, put the ledger id into the later one's name instead of refusing it."""
    in_store: bool = False
    """Whether its files are kept in the store for ever: then there is no personal data in them."""
    sales_units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By extension, the MSNs whose files are wanted; all of a format that is not named."""

    def formats_for(self, settlement: Settlement) -> tuple[Format, ...]:
        """Return the formats that a settlement is wanted in."""
        units = self.sales_units
        return tuple(
            one for one in self.formats if one.extension not in units or settlement.msn in units[one.extension]
        )


@dataclass(frozen=True)
class Scope:
    """What is mirrored (ledgers) and what of it is published (the rest)."""

    ledgers: frozenset[str] | None = None
    sales_units: frozenset[str] | None = None
    first_payout: int = 0
    first_payouts: Mapping[str, int] | None = None
    """By ledger id, instead of `first_payout`."""
    first_date: date = date.min

    def includes(self, ledger_id: str) -> bool:
        """Tell whether a ledger is read at all."""
        return self.ledgers is None or ledger_id in self.ledgers

    def publishes(self, settlement: Settlement) -> bool:
        """Tell whether a settlement's files are to be delivered."""
        first = (self.first_payouts or {}).get(settlement.ledger_id, self.first_payout)
        return (
            self.includes(settlement.ledger_id)
            and (self.sales_units is None or settlement.msn in self.sales_units)
            and settlement.payout >= first
            and settlement.settlement_date >= self.first_date
        )


@dataclass(frozen=True)
class BridgeSettings:
    """Everything the bridge needs to know, apart from the store and the API."""

    rules: SettlementRules
    scope: Scope
    outlets: tuple[Outlet, ...]
    issuer: Issuer
    zone: tzinfo
    parallel: int = 8
    retention: timedelta | None = None
    """How long personal data is kept; None where there is to be none."""
    registers: Registers = field(default_factory=Registers)
    """Where organizations are looked up that the configuration does not describe."""

    def delivery_plan(self) -> str:
        """Return a text that changes whenever what is delivered, or where to, changes."""
        scope = asdict(self.scope)
        places = [
            [
                outlet.destination.name,
                outlet.suffix_on_conflict,
                *(one.extension for one in outlet.formats),
                *sorted(outlet.sales_units.items()),
            ]
            for outlet in self.outlets
        ]
        plan = json.dumps([scope, places], default=_plain, sort_keys=True)
        return hashlib.sha256(plan.encode()).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)


def bridge_settings(configuration: Configuration) -> BridgeSettings:
    """Return what the configuration says to the bridge."""
    sync = configuration.sync
    return BridgeSettings(
        rules=_rules(configuration),
        scope=Scope(
            ledgers=frozenset(sync.ledgers) if sync.ledgers else None,
            sales_units=frozenset(sync.sales_units) if sync.sales_units else None,
            first_payout=sync.first_payout or 0,
            first_payouts={
                ledger_id: each.first_payout for ledger_id, each in configuration.ledgers.items() if each.first_payout
            },
            first_date=sync.first_date or date.min,
        ),
        outlets=tuple(map(_outlet, configuration.destinations)),
        issuer=configuration.issuer.as_issuer(),
        zone=sync.time_zone,
        parallel=sync.parallel,
        retention=timedelta(days=sync.retention_days) if sync.personal_data and sync.retention_days else None,
        registers=_registers(configuration.registers),
    )


def _registers(settings: RegisterSettings) -> Registers:
    if not settings.lookup:
        return Registers()
    return Registers((Enhetsregisteret(settings.norway, settings.timeout), Ytj(settings.finland, settings.timeout)))


def _rules(configuration: Configuration) -> SettlementRules:
    return SettlementRules(
        directory=Directory(
            organizations={
                number: Organization(**each.model_dump()) for number, each in configuration.organizations.items()
            },
            sales_unit_names={msn: each.name for msn, each in configuration.sales_units.items()},
        ),
        types={ledger_id: each.settlement for ledger_id, each in configuration.ledgers.items() if each.settlement},
    )


def _outlet(settings: DestinationSettings) -> Outlet:
    return Outlet(
        destination=_local(settings) if isinstance(settings, LocalSettings) else _sftp(settings),
        formats=tuple(formats.get(name, settings.csv_layout, settings.xml_version) for name in settings.formats),
        suffix_on_conflict=settings.on_conflict == "suffix",
    )


def _local(settings: LocalSettings) -> LocalDestination:
    return LocalDestination(settings.path, settings.permissions, settings.owner, settings.group)


def _sftp(settings: SftpSettings) -> Destination:
    from settlement_bridge.publish.sftp import SftpDestination, SftpServer  # noqa: PLC0415 (takes long to load)

    server = SftpServer(
        host=settings.host,
        username=settings.username,
        known_hosts=settings.known_hosts,
        private_key=settings.private_key,
        port=settings.port,
        connect_timeout=settings.connect_timeout,
        timeout=settings.timeout,
    )
    return SftpDestination(server, settings.path, settings.file_path, settings.spool)


def api_settings(configuration: Configuration) -> ApiSettings:
    """Return what the configuration says about the Report API."""
    api = configuration.report_api
    return ApiSettings(
        base_url=api.base_url,
        dialect=api.dialect,
        keys=api.keys,
        client_id=api.client_id,
        client_secret=api.client_secret.get_secret_value(),
        subscription_key=api.subscription_key.get_secret_value() if api.subscription_key else None,
        merchant_serial_number=api.merchant_serial_number,
        connect_timeout=api.connect_timeout,
        read_timeout=api.read_timeout,
        attempts=api.attempts,
        longest_wait=api.longest_wait,
        personal_data=configuration.sync.personal_data,
    )
