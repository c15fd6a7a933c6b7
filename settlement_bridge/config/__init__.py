"""The whole configuration as one typed tree: TOML, environment and credential files in, every problem out at once."""

from settlement_bridge.config.daemon import Alarms, Daemon, Health, Notify
from settlement_bridge.config.destinations import Destination, LocalDestination, SftpDestination
from settlement_bridge.config.details import IssuerDetails, Organization, Registers, SalesUnitSettings
from settlement_bridge.config.loader import load, store_url
from settlement_bridge.config.report_api import ReportApi
from settlement_bridge.config.schedule import Schedule, cron_fields
from settlement_bridge.config.schema import Configuration, Store
from settlement_bridge.config.sftp_server import SftpServer, SftpUser
from settlement_bridge.config.sources import find
from settlement_bridge.config.sync import LedgerSettings, Sync

__all__ = [
    "Alarms",
    "Configuration",
    "Daemon",
    "Destination",
    "Health",
    "IssuerDetails",
    "LedgerSettings",
    "LocalDestination",
    "Notify",
    "Organization",
    "Registers",
    "ReportApi",
    "SalesUnitSettings",
    "Schedule",
    "SftpDestination",
    "SftpServer",
    "SftpUser",
    "Store",
    "Sync",
    "cron_fields",
    "find",
    "load",
    "store_url",
]
