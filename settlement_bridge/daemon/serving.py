"""The SFTP server, as a part of the daemon."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from settlement_bridge.bridge import Bridge, listeners, users_of
from settlement_bridge.config import Configuration
from settlement_bridge.daemon import logs
from settlement_bridge.errors import ConfigurationError

if TYPE_CHECKING:  # takes long to load, and only those need it who serve
    from settlement_bridge.bridge import Users

GRACE = 10.0
"""Seconds that transfers under way get to come to their end."""


class Serving:
    """A server at work, with a store of its own: what clients fetch does not depend on a run's lease."""

    def __init__(self, configuration: Configuration, environ: Mapping[str, str]) -> None:
        """Begin to serve. Raises ConfigurationError, and what opening a store raises."""
        self._configuration = configuration
        self._bridge = Bridge(configuration)
        try:
            self._server = self._bridge.sftp_server()
            self._server.start(listeners(configuration, environ))
        except BaseException:
            self._bridge.close()
            raise
        for address, port in self._server.addresses:
            logs.event("sftp_serving", address=address, port=port, keys=", ".join(self._server.host_key_names))

    def users_for(self, configuration: Configuration) -> "Users":
        """Return another configuration's users, for `reload`.

        Raises ConfigurationError where they cannot be used, or more has changed than a server at work can take over.
        """
        if _place(configuration) != _place(self._configuration):
            problem = "sftp_server.listen and host_keys, and store.url with them, need a restart of the daemon"
            raise ConfigurationError([problem])
        return users_of(configuration)

    def reload(self, users: "Users") -> None:
        """Put other users in place of all there are, also for those who are connected."""
        self._server.reload(users)

    def logins(self) -> Mapping[str, int]:
        """Return how many connections logged in, failed to, or were turned away before, since this server began."""
        tally = self._server.tally
        return {"accepted": tally.logins, "failed": tally.failed_logins, "turned_away": tally.turned_away}

    def stop(self) -> None:
        """Take no more connections, and wait a little for transfers under way."""
        self._server.stop(GRACE)
        self._bridge.close()


def _place(configuration: Configuration) -> object:
    server = configuration.sftp_server
    return server and (server.listen, server.host_keys, configuration.store.url)
