"""`settlement-bridge check`: whether everything is ready."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import click

from settlement_bridge.bridge import Finding
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say, say_json
from settlement_bridge.config import load
from settlement_bridge.errors import EXIT_CONFIGURATION, EXIT_DONE, EXIT_FAILED, EXIT_TRY_LATER, ConfigurationError

_GRAVEST_FIRST = (EXIT_CONFIGURATION, EXIT_FAILED, EXIT_TRY_LATER)


@click.command("check")
@json_option
@click.pass_obj
def command(config: Path | None, as_json: bool) -> int:
    """Find out whether everything is ready: keys, network, database, destinations, clock, registers,
    and the addresses that alarms go to.

    Each is really used: a token is bought, the ledgers are listed, a register is asked (where lookup is on), a small
    file is written to every destination and removed again. Only to the addresses of alarms nothing is sent. Changes
    nothing else, and publishes nothing. Prints a line for each, with what to do where something is wrong.

    \b
    Exit codes:
      0   all is well
      1   something is broken: its line says what to do
      75  something cannot be reached now: try again later
      78  the configuration or the keys have to be corrected

    \b
    Example:
      settlement-bridge --config /etc/settlement-bridge/config.toml check
    """
    findings = []
    with opened(config) as bridge:
        for one in chain(bridge.check(), _notify(config)):
            findings.append(one)
            if not as_json:
                say(f"{'ok' if one.ok else 'WRONG':<6} {one.what}: {one.sentence}")
    exit_code = _exit_code(findings)
    if as_json:
        say_json({"exit_code": exit_code, "findings": [json_of.finding(one) for one in findings]})
    return exit_code


def _notify(path: Path | None) -> Iterator[Finding]:
    urls = load(path, os.environ).notify.urls
    if urls is None:
        return
    from settlement_bridge.daemon.notify import Notifier  # noqa: PLC0415 (takes long to load, and few need it)

    try:
        Notifier(urls)
    except ConfigurationError as error:
        yield Finding("notify", ok=False, sentence=str(error), exit_code=error.exit_code)
    else:
        yield Finding("notify", ok=True, sentence="somebody is told of alarms; nothing was sent now")


def _exit_code(findings: Sequence[Finding]) -> int:
    codes = {one.exit_code for one in findings if not one.ok}
    return next((code for code in _GRAVEST_FIRST if code in codes), EXIT_DONE)
