"""`settlement-bridge demo`: the whole way, in half a minute."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import click

from settlement_bridge import config
from settlement_bridge.bridge import Bridge, DeliveryState, RunOutcome
from settlement_bridge.cli.demo_checks import CheckedPayout, checked
from settlement_bridge.cli.demo_folder import DemoFolder, fresh_folder, write_config
from settlement_bridge.cli.demo_view import DemoResult, show_demo
from settlement_bridge.cli.progress import progress
from settlement_bridge.cli.sandbox_config import DEFAULT_URL, sandbox_config
from settlement_bridge.cli.signals import stopping
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED
from settlement_bridge.model import Ledger, PayoutState
from settlement_bridge.sandbox import Sandbox, World, scenario

Dialect = Literal["v1", "v2"]


@click.command("demo")
@click.option(
    "--dialect", default="v2", show_default=True, type=click.Choice(["v1", "v2"]), help="What the API speaks."
)
@click.option(
    "--out", default=Path("demo"), show_default=True, metavar="DIR", type=click.Path(path_type=Path), help="Where to."
)
def command(dialect: Dialect, out: Path) -> int:
    """See it work: sync an embedded sandbox of nine made-up merchants and show what comes out.

    A Report API is started on this machine for the length of the demo, and a real sync reads it over HTTP. Then each
    published file is read back and compared with the sandbox's books. Needs no keys and no network.

    Writes a configuration, a database and the published files into DIR, and nothing outside of it. What an earlier
    demo left there is replaced; a folder that no demo made is refused.

    Prints the published tree, a table of the settlements with their checks, and what to do next.

    \b
    Exit codes:
      0  everything came out right
      1  it did not, or DIR cannot be used

    \b
    Examples:
      settlement-bridge demo
      settlement-bridge demo --dialect v1 --out /tmp/demo
    """
    world = scenario("all")
    folder = fresh_folder(out)
    with stopping() as stop, Sandbox(world, dialect=dialect) as sandbox:
        write_config(folder, sandbox_config(DEFAULT_URL, sandbox.keys, world.organizations))
        configuration = config.load(folder.config, {"SETTLEMENT_BRIDGE_REPORT_API__BASE_URL": sandbox.url})
        with Bridge(configuration, _clock_after(world), stop) as bridge:
            with progress() as shown:
                outcome = bridge.sync(progress=shown)
            ledgers = [one.ledger for one in bridge.status().ledgers]
    settlements = _checked(outcome, folder, world, dialect)
    show_demo(DemoResult(folder, ledgers, world.organizations, settlements, outcome))
    return EXIT_DONE if _as_expected(outcome, settlements, ledgers) else EXIT_FAILED


def _clock_after(world: World) -> Callable[[], datetime]:
    """Return a clock on which the morning after the world's last day has come, so that a demo always ends the same."""
    began = datetime.now(UTC)
    morning = datetime.combine(world.until + timedelta(days=1), time(6), UTC)
    return lambda: morning + (datetime.now(UTC) - began)


def _checked(outcome: RunOutcome, folder: DemoFolder, world: World, dialect: Dialect) -> list[CheckedPayout]:
    files = defaultdict(list)
    for delivered in outcome.deliveries:
        if delivered.state is DeliveryState.DELIVERED:
            files[delivered.ledger_id, delivered.payout].append(folder.published / delivered.path)
    payouts = [
        record.payout
        for ledger in sorted(outcome.ledgers, key=lambda ledger: ledger.ledger_id)
        for record in ledger.payouts
        if record.state is PayoutState.SETTLED
    ]
    return [checked(payout, files[payout.ledger_id, payout.number], world, dialect) for payout in payouts]


def _as_expected(outcome: RunOutcome, settlements: Sequence[CheckedPayout], ledgers: Sequence[Ledger]) -> bool:
    settled = {one.payout.ledger_id for one in settlements}
    every_ledger = settled == {ledger.ledger_id for ledger in ledgers}
    return outcome.exit_code == EXIT_DONE and every_ledger and all(one.right for one in settlements)
