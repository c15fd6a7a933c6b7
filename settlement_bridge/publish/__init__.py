"""Brings files to where the import jobs look for them."""

from settlement_bridge.publish.destination import Destination, Draft, Fingerprint, Outcome
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.local import LocalDestination
from settlement_bridge.publish.sftp import SftpDestination, SftpServer

__all__ = [
    "Destination",
    "Draft",
    "Fingerprint",
    "LocalDestination",
    "Outcome",
    "SftpDestination",
    "SftpServer",
    "inbox_path",
]
