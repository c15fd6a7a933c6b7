"""`settlement-bridge serve`: the SFTP server."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from settlement_bridge import config as configuration
from settlement_bridge.bridge import Bridge, listeners, users_of
from settlement_bridge.cli.output import complain, count, say
from settlement_bridge.cli.signals import stopping
from settlement_bridge.errors import EXIT_DONE, BridgeError

if TYPE_CHECKING:
    from settlement_bridge.bridge import SftpServer

GRACE = 10.0
"""Seconds that transfers under way get to come to their end."""


@click.command("serve")
@click.pass_obj
def command(config: Path | None) -> int:
    """Be the SFTP server that import jobs fetch their files from, until Ctrl-C or SIGTERM.

    Serves what `sync` has published to the users of [sftp_server], each of them the sales units and formats named
    there, under the paths of the retired service. Run `sync` beside it, as often as ever.

    SIGHUP reads the configuration again and puts its users and keys in force at once, also for those who are
    connected; a configuration that cannot be used changes nothing. Another address, or other host keys, need a
    restart. When it is told to end, it takes no more connections and gives transfers that are under way ten seconds.

    Changes the store (what a user has fetched moves to the archive), and makes the server's own keys at the first
    start. Prints where it listens and the fingerprints of its keys; logins and failures go to stderr, a line each.

    \b
    Exit codes:
      0   ended by Ctrl-C or SIGTERM
      1   the database is damaged
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected, or the address is taken

    \b
    Example:
      settlement-bridge --config config.toml serve
    """
    logging.getLogger("settlement_bridge.sftp_server").setLevel(logging.INFO)
    with suppress(KeyboardInterrupt, SystemExit), stopping() as stop:  # both are how a server is meant to end
        loaded = configuration.load(config, os.environ)
        with Bridge(loaded, stop=stop) as bridge:
            server = bridge.sftp_server()
            server.start(listeners(loaded, os.environ))
            try:
                _introduce(server)
                with _reloading() as reload:
                    _serve(server, config, reload)
            finally:
                server.stop(GRACE)
    return EXIT_DONE


@contextmanager
def _reloading() -> Iterator["SimpleQueue[int]"]:
    """Give a queue of SIGHUPs; unlike an event, it can be added to while it is waited for. Only for the main thread."""
    reload: SimpleQueue[int] = SimpleQueue()

    def on_signal(number: int, _: FrameType | None) -> None:
        reload.put(number)

    before = signal.signal(signal.SIGHUP, on_signal)
    try:
        yield reload
    finally:
        signal.signal(signal.SIGHUP, before)


def _serve(server: "SftpServer", config: Path | None, reload: "SimpleQueue[int]") -> NoReturn:
    while True:
        reload.get()
        try:
            users = users_of(configuration.load(config, os.environ))
        except BridgeError as error:
            complain(f"the configuration cannot be used, the users stay as they were: {' '.join(str(error).split())}")
        else:
            server.reload(users)
            complain(f"the configuration was read again: {count(len(users), 'user')}")


def _introduce(server: "SftpServer") -> None:
    for host, port in server.addresses:
        say(f"Serving at {host} port {port} until Ctrl-C. Host keys:")
    for name in server.host_key_names:
        say(f"  {name}")
    sys.stdout.flush()
