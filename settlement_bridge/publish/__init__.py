"""Brings files to where the import jobs look for them; `publish.sftp` is loaded by those alone who deliver there."""

from settlement_bridge.publish.destination import Destination, Draft, Fingerprint, Outcome
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.local import LocalDestination

__all__ = [
    "Destination",
    "Draft",
    "Fingerprint",
    "LocalDestination",
    "Outcome",
    "inbox_path",
]
