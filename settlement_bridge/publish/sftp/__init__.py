"""A folder on an SFTP server."""

from settlement_bridge.publish.sftp.destination import SftpDestination
from settlement_bridge.publish.sftp.server import SftpServer
from settlement_bridge.publish.sftp.template import DEFAULT_TEMPLATE

__all__ = ["DEFAULT_TEMPLATE", "SftpDestination", "SftpServer"]
