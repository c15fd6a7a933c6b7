"""The SFTP server that import jobs know from the retired service, served from the store."""

from settlement_bridge.sftp_server.host_keys import check_host_keys, host_keys
from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.server import SftpServer
from settlement_bridge.sftp_server.sockets import inherited, listen
from settlement_bridge.sftp_server.users import User, Users

__all__ = ["Limits", "SftpServer", "User", "Users", "check_host_keys", "host_keys", "inherited", "listen"]
