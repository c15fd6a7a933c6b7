"""The columns that the spreadsheet and the table CSV share, one row a transaction (Salg or Refundering).

Produkt stays empty: the Report API does not tell products. Fees are negative; Netto = Brutto + Gebyr.
"""

from collections.abc import Iterable
from itertools import repeat

from settlement_bridge.model import Payer, Report, Settlement, Transaction

COLUMNS = (
    *("Salgsdato", "Salgssted", "Vippsnummer", "Produkt", "Transaksjons-ID", "Ordre-ID", "Brutto", "Gebyr", "Netto"),
    *("Transaksjonstype", "Oppgjørs-ID", "Oppgjørsdato", "Oppgjørssum", "Oppgjørskonto"),
)

PERSONAL_COLUMNS = ("Fornavn", "Etternavn", "Melding")
"""Behind the others, where personal data is asked for."""


def columns_of(report: Report) -> tuple[str, ...]:
    """Return the names of a report's columns."""
    return COLUMNS + PERSONAL_COLUMNS if report.payers else COLUMNS


def with_payers(
    report: Report, settlement: Settlement, rows: Iterable[Transaction]
) -> Iterable[tuple[Transaction, Payer | None]]:
    """Return a settlement's rows, each with its payer where one is known and asked for."""
    return report.payers(settlement, rows) if report.payers else zip(rows, repeat(None))


def payer_texts(payer: Payer | None) -> tuple[str, str, str]:
    """Return what stands in the personal columns: the API tells one name, of which the last word is the surname."""
    if payer is None:
        return "", "", ""
    first, _, last = payer.name.rpartition(" ")
    return (first, last, payer.message) if first else (last, "", payer.message)


def transaction_kind(refund: int) -> str:
    """Return `Refundering` for a row that gives back, else `Salg`: also for a fee that has a row of its own."""
    return "Refundering" if refund < 0 else "Salg"
