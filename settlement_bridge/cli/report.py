"""`settlement-bridge report`: one file over a period."""

import sys
from datetime import date
from pathlib import Path

import click

from settlement_bridge.bridge import FormatChoice, Period
from settlement_bridge.cli.dates import day_option, refuse_backwards
from settlement_bridge.cli.format_options import format_options
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import complain
from settlement_bridge.cli.written import output_option, write_file
from settlement_bridge.errors import EXIT_DONE, EXIT_TRY_LATER
from settlement_bridge.model import PayoutState


@click.command("report")
@click.argument("msn")
@day_option("--from", "First SettlementDate, such as 2026-07-01.", required=True)
@day_option("--to", "Last SettlementDate, that day included.", required=True)
@output_option
@format_options
@click.pass_obj
def command(config: Path | None, msn: str, first: date, last: date, output: Path | None, choice: FormatChoice) -> int:
    """Write one file with every settlement of a sales unit over a period, in any format.

    What the provider's portal gives for a week or a month. MSN is the sales unit's number. The settlements whose
    date lies in the period follow one another, with the period as the file's report dates, and control sums where the
    format has them. Names are those of each settlement's own file; the head has the latest one's.

    Without --output the file goes to stdout; in a folder it is called MSN-FROM-TO. Asks the store, and for names not
    known yet the registers where [registers] says so. Changes nothing but the output, which is replaced where it
    exists. A payout of the period that is not settled yet, or that is withheld, is left out and named on stderr.
    Refused for settlements of two currencies, or of two ledgers with the same number, of a sales unit that moved.

    \b
    Exit codes:
      0   done
      1   the period has no settlement, one file cannot hold them all, or the output cannot be written
      2   a day that is none, or a variant of another format
      75  written, but a payout of the period still waits for its fees; or the database cannot be reached
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge report 123456 --from 2026-07-01 --to 2026-07-31 --format pdf --output july.pdf
      settlement-bridge report 123456 --from 2026-07-01 --to 2026-07-31 | xmllint --format -
    """
    refuse_backwards(first, last)
    with opened(config) as bridge:
        report = bridge.report(msn, Period(first, last), choice)
        if output is None:
            report.write(sys.stdout.buffer)
        else:
            write_file(output / report.file_name if output.is_dir() else output, report.write)
    for record in report.left_out:
        payout = record.payout
        complain(f"payout {payout.number} ({payout.ledger_date}) is left out, it is {record.state}: {record.reason}")
    awaited = any(record.state is PayoutState.WAITING for record in report.left_out)
    return EXIT_TRY_LATER if awaited else EXIT_DONE
