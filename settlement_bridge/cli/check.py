"""`settlement-bridge check`: whether everything is ready."""

from collections.abc import Sequence
from pathlib import Path

import click

from settlement_bridge.bridge import Finding
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say, say_json
from settlement_bridge.errors import EXIT_CONFIGURATION, EXIT_DONE, EXIT_FAILED, EXIT_TRY_LATER

_GRAVEST_FIRST = (EXIT_CONFIGURATION, EXIT_FAILED, EXIT_TRY_LATER)


@click.command("check")
@json_option
@click.pass_obj
def command(config: Path | None, as_json: bool) -> int:
    """Find out whether everything is ready: keys, network, database, destinations, clock, registers.

    Each is really used: a token is bought, the ledgers are listed, a register is asked (where lookup is on), a small
    file is written to every destination and removed again. Changes nothing else, and publishes nothing. Prints a line
    for each, with what to do where something is wrong.

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
        for one in bridge.check():
            findings.append(one)
            if not as_json:
                say(f"{'ok' if one.ok else 'WRONG':<6} {one.what}: {one.sentence}")
    exit_code = _exit_code(findings)
    if as_json:
        say_json({"exit_code": exit_code, "findings": [json_of.finding(one) for one in findings]})
    return exit_code


def _exit_code(findings: Sequence[Finding]) -> int:
    codes = {one.exit_code for one in findings if not one.ok}
    return next((code for code in _GRAVEST_FIRST if code in codes), EXIT_DONE)
