"""The configuration as the SFTP server wants it, and as a run does that renders what it serves."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from settlement_bridge import formats
from settlement_bridge.bridge.served import ServedDestination
from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.config import Configuration, SftpUser
from settlement_bridge.config import SftpServer as ServerSettings
from settlement_bridge.errors import ConfigurationError, NotFound
from settlement_bridge.store import Store, View

if TYPE_CHECKING:
    from socket import socket

    from settlement_bridge.sftp_server import SftpServer, Users


def with_served_outlet(
    settings: BridgeSettings, configuration: Configuration, store: Store, clock: Callable[[], datetime]
) -> BridgeSettings:
    """Return settings by which runs also publish what the SFTP server's users see, if there is such a server."""
    server = configuration.sftp_server
    if server is None or not server.users:
        return settings
    names = dict.fromkeys(name for user in server.users for name in user.formats)
    outlet = Outlet(
        destination=ServedDestination(store, clock),
        formats=tuple(formats.get(name, server.csv_layout, server.xml_version) for name in names),
        suffix_on_conflict=server.on_conflict == "suffix",
        in_store=True,
        sales_units={name: units for name in names if (units := _seen(server, name)) is not None},
    )
    return replace(settings, outlets=(*settings.outlets, outlet))


def _seen(server: ServerSettings, extension: str) -> frozenset[str] | None:
    """Return the MSNs whose files somebody sees in a format; None for all."""
    units = [user.msns for user in server.users if extension in user.formats]
    return None if None in units else frozenset().union(*(some for some in units if some is not None))


def view_of(configuration: Configuration, user_name: str) -> View:
    """Return what a user sees; raises NotFound."""
    server = configuration.sftp_server
    user = server.user(user_name) if server else None
    if user is None:
        names = ", ".join(f'"{user.name}"' for user in server.users) if server and server.users else "none"
        raise NotFound(f'there is no user "{user_name}" in [[sftp_server.users]]; there are: {names}')
    return _view(user)


def users_of(configuration: Configuration) -> "Users":
    """Return the SFTP server's users. Raises ConfigurationError where there is no server."""
    from settlement_bridge.sftp_server import User, Users  # noqa: PLC0415 (takes long to load)

    users = _server(configuration).users
    return Users(User(user.name, user.key_blobs, _view(user), user.archive_on_download) for user in users)


def sftp_server(configuration: Configuration, store: Store, clock: Callable[[], datetime]) -> "SftpServer":
    """Return the SFTP server, to be started; its own keys are made where they are missing.

    Raises ConfigurationError where there is no server, or its keys cannot be used, and StoreMoved.
    """
    from settlement_bridge.sftp_server import SftpServer, host_keys  # noqa: PLC0415 (takes long to load)

    store.must_be_here()
    keys = host_keys(_key_folder(configuration))
    return SftpServer(store, keys, users_of(configuration), clock=clock)


def check_server(configuration: Configuration) -> str:
    """Say who is served and where; changes nothing. Raises ConfigurationError for host keys that cannot be used."""
    from settlement_bridge.sftp_server import check_host_keys  # noqa: PLC0415 (takes long to load)

    server = _server(configuration)
    made = "its keys are there" if check_host_keys(_key_folder(configuration)) else "its keys are made when it starts"
    return f"users: {len(server.users)}, at {server.listen.host} port {server.listen.port}; {made}"


def listeners(configuration: Configuration, environ: Mapping[str, str]) -> "list[socket]":
    """Return the sockets to serve at: those that systemd has opened, or else one at the configured address.

    Raises ConfigurationError where the address cannot be had.
    """
    from settlement_bridge.sftp_server import inherited, listen  # noqa: PLC0415 (takes long to load)

    address = _server(configuration).listen
    handed_over = inherited(environ)
    try:
        return [one.dup() for one in handed_over] or [listen(address.host, address.port)]
    finally:
        for one in handed_over:
            one.detach()  # stays open for another server of this process, which finds it by its number


def _server(configuration: Configuration) -> ServerSettings:
    if configuration.sftp_server is None:
        raise ConfigurationError(["there is no [sftp_server]; add it, with a [[sftp_server.users]] for every user"])
    return configuration.sftp_server


def _key_folder(configuration: Configuration) -> Path:
    # Where the database is no file, the configuration names the folder.
    return _server(configuration).host_keys or (configuration.store.folder or Path()) / "ssh"


def _view(user: SftpUser) -> View:
    return View(user.name, frozenset(user.formats), user.msns)
