"""The whole configuration as one typed tree: TOML, environment and credential files in, every problem out at once."""

from settlement_bridge.config.destinations import Destination, LocalDestination, SftpDestination
from settlement_bridge.config.loader import load, store_url
from settlement_bridge.config.schema import (
    Configuration,
    IssuerDetails,
    LedgerSettings,
    Organization,
    Registers,
    ReportApi,
    SalesUnitSettings,
    Store,
    Sync,
)
from settlement_bridge.config.sources import find

__all__ = [
    "Configuration",
    "Destination",
    "IssuerDetails",
    "LedgerSettings",
    "LocalDestination",
    "Organization",
    "Registers",
    "ReportApi",
    "SalesUnitSettings",
    "SftpDestination",
    "Store",
    "Sync",
    "find",
    "load",
    "store_url",
]
