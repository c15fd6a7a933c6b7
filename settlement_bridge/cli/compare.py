"""`settlement-bridge compare`: old settlement files against what the bridge makes of the same settlements."""

from collections import Counter
from pathlib import Path

import click

from settlement_bridge.bridge import Verdict, list_files
from settlement_bridge.cli import proof_json
from settlement_bridge.cli.compare_view import show_comparison, summary
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say, say_json
from settlement_bridge.cli.steps import steps
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED, FileRefused


@click.command("compare")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@click.pass_obj
def command(config: Path | None, files: tuple[str, ...], as_json: bool) -> int:
    """Compare settlement files of the old service with what the bridge renders for the same settlements.

    FILE is a file, a folder (with everything below it) or a pattern such as 'old/*2026*.xml'. What a file is, is
    seen from its content: xml 3.0 or 2.0, xml.zip, csv in either layout, xlsx; of a folder the files *.xml, *.zip,
    *.csv and *.xlsx are taken. Each settlement in a file is looked up by sales unit and number, rendered in the same
    format, and compared field by field: sums first, then transactions (by TransactionID, those left over by order
    id), then date, type and account, then names and addresses.

    The Report API does not know names and addresses. Where only these differ, no money does: such settlements are
    counted apart and are no failure; what to write into the configuration is printed. Not compared are the period a
    file was asked for, the old system's ReportReferenceNum, and the product in spreadsheets, which the API does not
    tell.

    Asks the store (run `sync --dry-run` first), and for names not known yet the registers where [registers] says so.
    Publishes nothing and changes no settlement. Prints a table of all differences and a summary; progress is shown
    on stderr.

    \b
    Exit codes:
      0   every settlement is identical, names and addresses apart
      1   money, transactions, dates or accounts differ, or something could not be compared
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge compare old/100716-2000028.xml
      settlement-bridge compare /srv/old-archive --json | jq '.files[].settlements[] | select(.verdict != "identical")'
    """
    chosen = list_files(files)
    if not chosen.paths:
        raise FileRefused(f"{', '.join(files)}: no *.xml, *.zip, *.csv or *.xlsx among {chosen.left_aside} files")
    with opened(config) as bridge, steps("files compared", len(chosen.paths)) as done:
        compared = []
        for path in chosen.paths:
            compared.append(bridge.compare(path))
            done(1)
    verdicts = Counter(one.verdict for file in compared for one in file.settlements)
    failed = any(file.refused for file in compared) or verdicts[Verdict.DIFFERENT] or verdicts[Verdict.NOT_COMPARED]
    exit_code = EXIT_FAILED if failed else EXIT_DONE
    if as_json:
        say_json(proof_json.comparison(compared, verdicts, chosen.left_aside, exit_code))
        return exit_code
    show_comparison(compared)
    say(summary(compared, verdicts, chosen.left_aside))
    return exit_code
