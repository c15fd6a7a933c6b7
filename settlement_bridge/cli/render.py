"""`settlement-bridge render`: a payout's files to look at."""

import sys
from pathlib import Path

import click

from settlement_bridge.bridge import FormatChoice
from settlement_bridge.cli.format_options import format_options
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.values import PAYOUT_NUMBER
from settlement_bridge.cli.written import output_option, write_file
from settlement_bridge.errors import EXIT_DONE


@click.command("render")
@click.argument("ledger")
@click.argument("payout", type=PAYOUT_NUMBER)
@output_option
@format_options
@click.pass_obj
def command(config: Path | None, ledger: str, payout: int, output: Path | None, choice: FormatChoice) -> int:
    """Write a payout's file from the mirror, without publishing it.

    Without --output the file goes to stdout. A payout of a ledger with several sales units has a file for each:
    --output must then be a folder, and the files get the names they are published under.

    Asks the store only. Changes nothing but the output, which is replaced where it exists.

    \b
    Exit codes:
      0   done
      1   no such payout, it is not settled yet, or the output cannot be written
      2   several files, and --output is no folder; a variant of another format
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge render 302321 2000001 | xmllint --format -
      settlement-bridge render 302400 2000001 --format xlsx --output /tmp/look/
      settlement-bridge render 302321 2000001 --format csv --csv-layout table --output one.csv
    """
    with opened(config) as bridge:
        files = list(bridge.render(ledger, payout, choice))
        if output is not None and output.is_dir():
            for name, write in files:
                write_file(output / name, write)
        elif len(files) != 1:
            raise click.UsageError(
                f"payout {payout} of ledger {ledger} has {len(files)} files, one for each sales unit: "
                "name an existing folder with --output"
            )
        elif output is None:
            files[0][1](sys.stdout.buffer)
        else:
            write_file(output, files[0][1])
    return EXIT_DONE
