"""`settlement-bridge compare`: old settlement files against what the bridge makes of the same settlements."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from settlement_bridge.bridge import ComparedFile, Difference, Grade, SettlementDifferences, Verdict, list_files
from settlement_bridge.cli import proof_json
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import complain, count, json_option, say, say_json
from settlement_bridge.cli.steps import steps
from settlement_bridge.cli.tables import cell, show, table
from settlement_bridge.cli.values import value_text
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED, FileRefused

_MOST_ROWS_SHOWN = 20
"""Of one settlement; --json has up to a thousand."""
_KEYS = {
    "organization's name": "name",
    "address": "address",
    "zip code": "zip_code",
    "city": "city",
    "country code": "country_code",
}
"""Fields that the configuration can tell, with their keys under [organizations.<number>]."""


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

    Asks the store only (run `sync --dry-run` first) and changes nothing. Prints a table of all differences and a
    summary; progress is shown on stderr.

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
    refused = [file.refused for file in compared if file.refused]
    failed = refused or verdicts[Verdict.DIFFERENT] or verdicts[Verdict.NOT_COMPARED]
    exit_code = EXIT_FAILED if failed else EXIT_DONE
    if as_json:
        say_json(proof_json.comparison(compared, verdicts, chosen.left_aside, exit_code))
        return exit_code
    _show_differences(compared)
    for sentence in (*refused, *_obstacles(compared)):
        complain(sentence, prefix="")
    _show_advice(compared)
    say(_summary(verdicts, len(compared), chosen.left_aside))
    return exit_code


def _show_differences(compared: Iterable[ComparedFile]) -> None:
    shown = table("File", "Sales unit", "Settlement", "What", "Old file", "New file", right=("Old file", "New file"))
    for file in compared:
        for one in file.settlements:
            named = [file.path, one.key.msn, one.key.payout]
            for what, old, new in _lines(one):
                shown.add_row(*map(cell, (*named, what, old, new)))
                named = ["", "", ""]
    if shown.row_count:
        show(shown)
        say()


def _lines(one: SettlementDifferences) -> Iterator[tuple[str, str, str]]:
    """Yield what to say of each difference; of very many rows only the first."""
    rows = 0
    for each in one.differences:
        rows += each.grade is Grade.ROWS
        if each.grade is not Grade.ROWS or rows <= _MOST_ROWS_SHOWN:
            yield _what(each), value_text(each.old, each.is_amount), value_text(each.new, each.is_amount)
    left_out = max(rows - _MOST_ROWS_SHOWN, 0) + one.rows_untold
    if left_out:
        yield f"and {count(left_out, 'more difference')} in its transactions", "", ""


def _what(each: Difference) -> str:
    if each.row is None:
        return each.field
    order = f", order {each.row.order_id}" if each.row.order_id else ""
    line = f", line {each.row.line}" if each.row.line else ""
    return f"{each.field}: {each.row.transaction_id}{order}{line}"


def _obstacles(compared: Iterable[ComparedFile]) -> Iterator[str]:
    for file in compared:
        for one in file.settlements:
            if one.obstacle:
                yield f"{file.path}: settlement {one.key.payout} was not compared: {one.obstacle}"
        for slip in file.contents.slips if file.contents else ():
            yield f"{file.path}: the old file does not add up: {slip.sentence}"


def _show_advice(compared: Iterable[ComparedFile]) -> None:
    """Print what to write into the configuration, where the old files know a merchant better."""
    known: dict[str, dict[str, str]] = {}
    for file in compared:
        stated = {one.key: one.stated for one in file.contents.settlements} if file.contents else {}
        for one in file.settlements:
            said = stated.get(one.key)
            told = {_KEYS[each.field]: str(each.old) for each in one.differences if each.field in _KEYS and each.old}
            if said and said.organization_number and told:
                known.setdefault(said.organization_number, {}).update(told)
    if not known:
        return
    say("The Report API does not tell these; in the configuration they go into every file from then on:")
    for number, told in sorted(known.items()):
        say(f"[organizations.{number}]")
        for key, text in told.items():
            say(f"{key} = {json.dumps(text, ensure_ascii=False)}")
    say()


def _summary(verdicts: Counter[Verdict], files: int, left_aside: int) -> str:
    total = verdicts.total()
    parts = [f"identical in {verdicts[Verdict.IDENTICAL]} of {count(total, 'settlement')}"]
    words = {
        Verdict.DIFFERENT: "{} with differences in money, transactions or facts",
        Verdict.TEXTS: "{} with other names or addresses only",
        Verdict.NOT_COMPARED: "{} not compared",
    }
    parts += [text.format(verdicts[verdict]) for verdict, text in words.items() if verdicts[verdict]]
    aside = f"; {count(left_aside, 'other file')} left aside" if left_aside else ""
    return f"{', '.join(parts)} ({count(files, 'file')}{aside})"
