"""The columns that the spreadsheet and the table CSV share, one row a transaction (Salg or Refundering).

Produkt stays empty: the Report API does not tell products. Fees are negative; Netto = Brutto + Gebyr.
"""

COLUMNS = (
    *("Salgsdato", "Salgssted", "Vippsnummer", "Produkt", "Transaksjons-ID", "Ordre-ID", "Brutto", "Gebyr", "Netto"),
    *("Transaksjonstype", "Oppgjørs-ID", "Oppgjørsdato", "Oppgjørssum", "Oppgjørskonto"),
)


def transaction_kind(refund: int) -> str:
    """Return `Refundering` for a row that gives back, else `Salg`: also for a fee that has a row of its own."""
    return "Refundering" if refund < 0 else "Salg"
