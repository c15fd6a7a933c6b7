"""`settlement-bridge sandbox`: a Report API to test with."""

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import click

from settlement_bridge.cli.output import count, say
from settlement_bridge.cli.sandbox_config import DEFAULT_PORT, sandbox_config
from settlement_bridge.cli.signals import stopping
from settlement_bridge.errors import EXIT_DONE, ConfigurationError
from settlement_bridge.sandbox import (
    GROUPS,
    Fault,
    Mix,
    Sandbox,
    World,
    fault_kinds,
    parse_fault,
    parse_mix,
    recorded,
    scenario,
    scenarios,
)


def _faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Fault]:
    try:
        return [parse_fault(text) for text in texts]
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from None


def _listed(kinds: Mapping[str, str]) -> str:
    width = max(map(len, kinds))
    return "\n".join(f"  {name:<{width}}  {summary}" for name, summary in kinds.items())


_MEANT = {
    "passing": "all that leaves no trace with a client that asks again, now or in its next run",
    "untrue": f"what no client may believe: {', '.join(GROUPS['untrue'])}",
    "new": f"what is true, and nobody has seen yet: {', '.join(GROUPS['new'])}",
}
_EPILOG = f"""\b
Scenarios:
{_listed(scenarios())}

\b
Faults; options of all are path=, nth=, times= (or forever), probability= and seed=:
{_listed(fault_kinds())}

\b
Groups of them, for --faults:
{_listed(_MEANT)}
"""


class _Merchants(TypedDict):
    """Who is in the sandbox."""

    name: str
    folders: tuple[Path, ...]
    seed: int
    transactions: int


@click.command("sandbox", epilog=_EPILOG)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    metavar="N",
    type=click.IntRange(0, 65535),
    help="0: any free one.",
)
@click.option(
    "--scenario",
    "name",
    metavar="NAME",
    default="all",
    show_default=True,
    type=click.Choice(list(scenarios())),
    help="Which merchants there are, see below.",
)
@click.option("--dialect", default="v2", show_default=True, type=click.Choice(["v1", "v2"]), help="What it speaks.")
@click.option(
    "--recorded",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Serve the recorded JSON of this folder instead of a scenario; can be given several times.",
)
@click.option(
    "--fault",
    "faults",
    metavar="KIND[:OPTIONS]",
    multiple=True,
    callback=_faults,
    help="How to misbehave, see below; can be given several times.",
)
@click.option(
    "--faults",
    "mix",
    metavar="KIND[:RATE],...",
    help="Misbehave at random: kinds or groups, see below, each with the share of requests that it strikes, 0.05 where "
    "left out. Whoever asks three times gets through.",
)
@click.option(
    "--seed",
    metavar="N",
    default=7,
    show_default=True,
    help="Another number gives other merchants; with --faults it also strikes other requests.",
)
@click.option(
    "--transactions",
    default=100_000,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="How many the big-merchant has in its payout.",
)
def command(
    port: int,
    dialect: Literal["v1", "v2"],
    faults: list[Fault],
    mix: str | None,
    **merchants: Unpack[_Merchants],
) -> int:
    """Serve a Report API to test with, over HTTP on this machine, until Ctrl-C or SIGTERM.

    It hands out tokens to both kinds of keys and answers like the real one, page by page, in either dialect. The same
    seed always gives the same merchants. --fault makes it misbehave at one place, e.g.
    `429:retry-after=1,nth=2,times=3`; --faults in any mix and at random, yet the same seed strikes the same requests
    again, however many connections ask.

    Changes nothing. Prints its address, its keys (they open nothing real) and a configuration to copy.

    \b
    Exit codes:
      0  ended by Ctrl-C or SIGTERM
      2  an option cannot be used, or the port is taken

    \b
    Examples:
      settlement-bridge sandbox --scenario late-fees --dialect v1
      settlement-bridge sandbox --port 0 --fault 503:probability=0.1,times=forever
      settlement-bridge sandbox --faults 429,reset,cut:0.1 --seed 42
      settlement-bridge sandbox --faults passing:0.3
    """
    with suppress(KeyboardInterrupt, SystemExit), stopping():  # both are how a sandbox is meant to end
        try:
            world = _world(merchants)
            drawn = None if mix is None else parse_mix(mix, merchants["seed"])
            with Sandbox(world, port=port, dialect=dialect, faults=faults, mix=drawn) as sandbox:
                _introduce(sandbox, world, drawn)
                while True:  # not one long sleep: a signal right before it would not end it
                    time.sleep(1)
        except ConfigurationError as error:
            raise click.UsageError("; ".join(error.problems)) from None
    return EXIT_DONE


def _world(merchants: _Merchants) -> World:
    if merchants["folders"]:
        return recorded(*merchants["folders"])
    return scenario(merchants["name"], seed=merchants["seed"], transactions=merchants["transactions"])


def _introduce(sandbox: Sandbox, world: World, mix: Mix | None) -> None:
    keys = sandbox.keys
    say(f"The sandbox serves {count(len(world), 'ledger')} at {sandbox.url} until Ctrl-C.")
    if mix:
        say(f"Faults: {mix}; the same seed strikes the same requests again.")
    say()
    say(f"Merchant keys:    client_id {keys.client_id}  client_secret {keys.client_secret}")
    say(f"                  subscription_key {keys.subscription_key}")
    say(f"Accounting keys:  client_id {keys.accounting_client_id}  client_secret {keys.accounting_client_secret}")
    say()
    say("A configuration to copy to config.toml (then: chmod 600 config.toml && mkdir published):")
    say()
    for line in sandbox_config(sandbox.url, keys, world.organizations).splitlines():
        say(line)
    sys.stdout.flush()
