"""`settlement-bridge run`: a daemon."""

import logging
import os
from pathlib import Path

import click

from settlement_bridge import config
from settlement_bridge.daemon import Daemon


@click.command("run")
@click.pass_obj
def command(path: Path | None) -> int:
    """Run as a service: sync at once, then on schedule, until told to stop.

    Hourly, at a minute that is drawn once and kept, or when [schedule] in the configuration says. What a run could
    not do - ledgers that could not be read, files that could not be delivered, payouts that wait for their fees - is
    looked at again sooner.

    Changes the store and the destinations as `sync` does. Prints nothing on stdout; logs on stderr, a line for each
    event. `settlement-bridge status` shows when the next run is due and how the last one ended. Answers /livez,
    /readyz and /metrics on 127.0.0.1:9470, and tells whom [notify] names of what somebody has to look at.

    \b
    Signals:
      SIGTERM, SIGINT  finish the page, payout or file in hand, then end; a second one, or one while it
                       starts, ends at once, and the next start goes on where this one was cut off
      SIGHUP           read the configuration again, all of it or, where anything is wrong with it, nothing;
                       then sync

    \b
    Exit codes:
      0    stopped in order
      1    the database is damaged or somebody else's
      75   the database cannot be reached
      78   the configuration has to be corrected
      143  stopped before what was in hand was finished: by a second signal, by one while it started,
           or since daemon.stop_timeout was over

    \b
    Example:
      settlement-bridge --config /etc/settlement-bridge/config.toml run
    """
    debug = logging.getLogger("settlement_bridge").isEnabledFor(logging.DEBUG)
    return Daemon(lambda: config.load(path, os.environ), os.environ, debug=debug).run()
