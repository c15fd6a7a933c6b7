"""Brings files to where the import jobs look for them; `publish.sftp` is loaded by those alone who deliver there."""

from settlement_bridge.publish.destination import Destination, Draft, Fingerprint, Outcome, try_out
from settlement_bridge.publish.disk_errors import explained
from settlement_bridge.publish.layout import file_name, inbox_path
from settlement_bridge.publish.local import LocalDestination, LocalDraft
from settlement_bridge.publish.spool import SpooledDraft, spooled

__all__ = [
    "Destination",
    "Draft",
    "Fingerprint",
    "LocalDestination",
    "LocalDraft",
    "Outcome",
    "SpooledDraft",
    "explained",
    "file_name",
    "inbox_path",
    "spooled",
    "try_out",
]
