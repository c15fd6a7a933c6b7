"""CSV in sections: who it is from, the settlements, their transactions, each line named by its first cell."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO

from settlement_bridge.model import Filed, FiledKey, FiledRow, FiledSettlement
from settlement_bridge.readers.csv_lines import csv_lines, plain
from settlement_bridge.readers.values import NotRead, amount, day, integer

FIRST_CELLS = ["OrganizationNumber", "MerchantName"]
_NAMED_BY = {"SettlementInfo": "SalesUnitName", "TransactionInfo": "SalesDate", "FeeInfo": "SettlementDate"}
"""What the second cell of a line of column names says, by its first one."""
_NEEDED = {
    "SettlementInfo": (
        *("SalesUnitName", "SaleUnitNumber", "SettlementDate", "SettlementID", "SettlementAccount"),
        *("Gross", "Currency", "Fee", "Refund", "Net", "NumberOfTransactions"),
    ),
    "TransactionInfo": (
        *("SalesDate", "SaleUnitNumber", "TransactionId", "SettlementId", "OrderID"),
        *("Gross", "Fee", "Refund", "Net"),
    ),
}
_WHOLE, _CENTS = re.compile("-?[0-9]+"), re.compile("[0-9]{1,2}")
_Cells = Mapping[str, str]


def read_sections(stream: IO[bytes]) -> Iterator[Filed]:
    """Yield the settlements, then the rows, as the file has them; raises NotRead."""
    columns: dict[str, list[str]] = {}
    merchant = FiledSettlement(FiledKey("", 0))
    found, before = 0, [""]
    for line, cells in csv_lines(stream):
        name = cells[0]
        if before == FIRST_CELLS:
            merchant = replace(merchant, organization_number=cells[0], organization_name=plain("".join(cells[1:2])))
        elif _names_columns(cells):
            columns[name] = cells
            missing = sorted(set(_NEEDED.get(name, ())) - set(cells))
            if missing:
                raise NotRead(f"line {line}: {name} lacks the column {missing[0]}")
        elif name in ("SettlementInfo", "TransactionInfo"):
            found += 1
            values = _by_column(columns.get(name, []), cells, line)
            yield _settlement(merchant, values, line) if name == "SettlementInfo" else _row(values, line)
        before = cells
    if not found:
        raise NotRead("it has no SettlementInfo and no TransactionInfo line")


def _names_columns(cells: list[str]) -> bool:
    """Tell whether a line names columns; one of a sales unit that is called like a column has numbers in it, too."""
    return _NAMED_BY.get(cells[0], "") in cells[1:2] and not any(map(str.isdecimal, cells))


def _by_column(columns: list[str], cells: list[str], line: int) -> _Cells:
    if len(cells) == len(columns) + 1:
        cells = _with_decimal_comma(columns, cells)
    if len(cells) != len(columns):
        raise NotRead(f"line {line}: {len(cells)} cells where {len(columns)} columns were named")
    return dict(zip(columns, cells, strict=True))


def _with_decimal_comma(columns: list[str], cells: list[str]) -> list[str]:
    """Put an amount together that a comma has cut in two, as in the sample that the old service published."""
    for place in (columns.index(name) for name in ("Net", "Refund", "Fee", "Gross") if name in columns):
        if _WHOLE.fullmatch(cells[place]) and _CENTS.fullmatch(cells[place + 1]):
            return [*cells[:place], f"{cells[place]}.{cells[place + 1]}", *cells[place + 2 :]]
    return cells


def _settlement(merchant: FiledSettlement, cells: _Cells, line: int) -> FiledSettlement:
    captures, fees, refunds, net = _money(cells, line)
    return replace(
        merchant,
        key=_key(cells, "SettlementID", line),
        settlement_date=day(cells["SettlementDate"], f"line {line}: SettlementDate"),
        currency=cells["Currency"],
        bank_account=cells["SettlementAccount"],
        count=integer(cells["NumberOfTransactions"], f"line {line}: NumberOfTransactions"),
        captures=captures,
        refunds=refunds,
        gross=captures + refunds,
        fees=fees,
        net=net,
        sales_unit_name=plain(cells["SalesUnitName"]),
    )


def _row(cells: _Cells, line: int) -> FiledRow:
    capture, fee, refund, net = _money(cells, line)
    return FiledRow(
        key=_key(cells, "SettlementId", line),
        line=line,
        number=cells["TransactionId"],
        order_id=plain(cells["OrderID"]),
        when=day(cells["SalesDate"], f"line {line}: SalesDate"),
        capture=capture,
        refund=refund,
        gross=capture + refund,
        fee=fee,
        net=net,
    )


def _key(cells: _Cells, payout: str, line: int) -> FiledKey:
    return FiledKey(cells["SaleUnitNumber"], integer(cells[payout], f"line {line}: {payout}"))


def _money(cells: _Cells, line: int) -> tuple[int, int, int, int]:
    """Return captures, fees (positive), refunds and net."""
    gross, fee, refund, net = (
        amount(cells[name], f"line {line}: {name}") for name in ("Gross", "Fee", "Refund", "Net")
    )
    return gross, -fee, refund, net
