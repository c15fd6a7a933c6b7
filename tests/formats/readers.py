"""Reads each format back as an importer would: with a parser of its own, knowing nothing of how it was written."""

import io
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from lxml import etree


class Row(NamedTuple):
    payout: str
    number: str
    order_id: str
    gross: int
    fee: int


class Stated(NamedTuple):
    """What a file says of a settlement as a whole; None where the format does not say it."""

    payout: str
    transactions: int | None
    gross: int | None
    fees: int | None
    settled: int | None


class Contents(NamedTuple):
    stated: list[Stated]
    rows: list[Row]


def minor_units(text: str) -> int:
    whole, _, cents = text.partition(".")
    assert len(cents) == 2, text
    return int(whole + cents)


def xml(document: bytes) -> Contents:
    stated, rows = [], []
    infos: Any = etree.fromstring(document).iter("{*}SettlementInfo")
    for info in infos:
        values = {etree.QName(each).localname: each.text or "" for each in info}
        payout = values["SettlementID"]
        settled = values.get("SettledAmount")
        stated.append(
            Stated(
                payout,
                int(values["NumOfTransactions"]),
                minor_units(values["GrossSettlementAmount"]),
                minor_units(values["FeeSettlementAmount"]),
                None if settled is None else minor_units(settled),
            )
        )
        for transaction in info.iter("{*}TransactionInfo"):
            fields = {etree.QName(each).localname: each.text or "" for each in transaction}
            gross, fee = (minor_units(fields[f"Transaction{name}Amount"]) for name in ("Gross", "Fee"))
            rows.append(Row(payout, fields["TransactionID"], fields["OrderID"], gross, fee))
    return Contents(stated, rows)


def xml_zip(document: bytes) -> Contents:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        (member,) = archive.namelist()
        return xml(archive.read(member))


READERS: dict[str, Callable[[bytes], Contents]] = {
    "xml": xml,
    "xml.zip": xml_zip,
}
