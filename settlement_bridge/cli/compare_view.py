"""What a comparison found, for an accountant: money settlement by settlement, names and addresses once."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from settlement_bridge.bridge import ComparedFile, Difference, Grade, SettlementDifferences, Verdict
from settlement_bridge.cli.output import complain, count, say
from settlement_bridge.cli.tables import cell, show, table
from settlement_bridge.cli.values import value_text

_MOST_ROWS_SHOWN = 20
"""Of one settlement; --json has up to a thousand."""
_SIDES = ("Old file", "New file")
_KEYS = {
    "organization's name": "name",
    "address": "address",
    "zip code": "zip_code",
    "city": "city",
    "country code": "country_code",
}
"""Fields that the configuration can tell, with their keys under [organizations.<number>]."""


def show_comparison(compared: Sequence[ComparedFile]) -> None:
    """Print what differs, and on stderr what could not be compared."""
    _show_money(compared)
    _show_texts(compared)
    for sentence in _obstacles(compared):
        complain(sentence, prefix="")
    _show_advice(compared)


def summary(compared: Sequence[ComparedFile], verdicts: Counter[Verdict], left_aside: int) -> str:
    """Return the whole comparison in one line."""
    parts = [f"identical in {verdicts[Verdict.IDENTICAL]} of {count(verdicts.total(), 'settlement')}"]
    words = {
        Verdict.DIFFERENT: "{} with differences in money, transactions or facts",
        Verdict.TEXTS: "{} with other names or addresses only",
        Verdict.NOT_COMPARED: "{} not compared",
    }
    parts += [text.format(verdicts[verdict]) for verdict, text in words.items() if verdicts[verdict]]
    rows = sum(one.rows for file in compared for one in file.settlements)
    aside = f"; {count(left_aside, 'other file')} left aside" if left_aside else ""
    return f"{', '.join(parts)} ({count(len(compared), 'file')}, {count(rows, 'transaction')}{aside})"


def _show_money(compared: Iterable[ComparedFile]) -> None:
    shown = table("File", "Sales unit", "Settlement", "What", *_SIDES, right=_SIDES)
    for file in compared:
        for one in file.settlements:
            named = [file.path, one.key.msn, one.key.payout]
            for line in _lines(one):
                shown.add_row(*map(cell, (*named, *line)))
                named = ["", "", ""]
    if shown.row_count:
        show(shown)
        say()


def _lines(one: SettlementDifferences) -> Iterator[tuple[str, str, str]]:
    """Yield what to say of each difference that is no mere text; of very many rows only the first."""
    rows = 0
    for each in one.differences:
        rows += each.grade is Grade.ROWS
        if each.grade is not Grade.TEXTS and rows <= _MOST_ROWS_SHOWN:
            yield _what(each), *_sides(each)
    left_out = max(rows - _MOST_ROWS_SHOWN, 0) + one.rows_untold
    if left_out:
        yield f"and {count(left_out, 'more difference')} in its transactions", "", ""


def _what(each: Difference) -> str:
    if each.row is None:
        return each.field
    order = f", order {each.row.order_id}" if each.row.order_id else ""
    line = f", line {each.row.line}" if each.row.line else ""
    return f"{each.field}: {each.row.transaction_id}{order}{line}"


def _sides(each: Difference) -> tuple[str, str]:
    return value_text(each.old, each.is_amount), value_text(each.new, each.is_amount)


def _show_texts(compared: Iterable[ComparedFile]) -> None:
    """Print each other text once, however many settlements have it; what nobody has told yet is left to the advice."""
    found: Counter[tuple[str, ...]] = Counter()
    for file in compared:
        for one in file.settlements:
            for each in one.differences:
                if each.grade is Grade.TEXTS and not _is_untold(each):
                    named = (each.field, *_sides(each)) if each.row is None else (f"{each.field}, empty", "", "")
                    found[one.key.msn, *named] += 1
    if found:
        shown = table("Sales unit", "Names and texts", *_SIDES, "Times", right=("Times",))
        for words, times in found.items():
            shown.add_row(*map(cell, (*words, times)))
        show(shown)
        say()


def _is_untold(each: Difference) -> bool:
    return each.field in _KEYS and each.new == ""


def _obstacles(compared: Iterable[ComparedFile]) -> Iterator[str]:
    for file in compared:
        if file.refused:
            yield file.refused
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
        say()
        say(f"[organizations.{number}]")
        for key, text in told.items():
            say(f"{key} = {json.dumps(text, ensure_ascii=False)}")
    say()
