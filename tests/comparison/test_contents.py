"""What is in a file, and whether it adds up."""

import pytest

from settlement_bridge.comparison import contents
from settlement_bridge.comparison.contents import MOST_SLIPS
from settlement_bridge.model import FiledKey
from tests.formats.remake import golden_report
from tests.formats.reports import report, row
from tests.readers.files import FORMATS, read, rendered

XML = rendered("xml 3.0", golden_report())
XML_2 = rendered("xml 2.0", golden_report())


@pytest.mark.parametrize("name", FORMATS)
def test_the_sums_are_those_of_the_rows(name: str) -> None:
    first, second = contents(read(rendered(name, golden_report()))).settlements
    assert first.key == FiledKey("654321", 2000001)
    assert (first.rows.count, first.rows.gross, first.rows.fees, first.rows.net) == (4, 24_951, 749, 24_202)
    assert (first.rows.captures, first.rows.refunds) == (29_901, -4_950)
    assert str(first.rows.first) == str(first.rows.last) == "2026-03-29"
    assert (second.rows.count, second.rows.net) == (1, -100)


def slips(document: bytes) -> list[tuple[int | None, bool, str]]:
    found = contents(read(document))
    assert not found.adds_up
    return [(slip.key.payout if slip.key else None, slip.line is not None, slip.sentence) for slip in found.slips]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            b"<NumOfTransactions>4<",
            b"<NumOfTransactions>5<",
            [(2000001, False, "it states 5 as the number of transactions, but has 4")],
        ),
        (
            b"<FeeSettlementAmount>7.49<",
            b"<FeeSettlementAmount>7.50<",
            [(2000001, False, "it states fees of 7.50, but its rows make 7.49")],
        ),
        (
            b"<TransactionNetAmount>293.77<",
            b"<TransactionNetAmount>293.78<",
            [
                (2000001, False, "it states net of 242.02, but its rows make 242.03"),
                (2000001, True, "transaction 5584146378: gross less fee is 293.77, but net is 293.78"),
            ],
        ),
        (
            b"<TransactionGrossAmount>-1.00<",
            b"<TransactionGrossAmount>-1.01<",
            [
                (2000002, True, "transaction 5584146380: capture and refund make -1.00, but gross is -1.01"),
                (2000002, True, "transaction 5584146380: gross less fee is -1.01, but net is -1.00"),
            ],
        ),
        (
            b"<NumOfSettlements>2<",
            b"<NumOfSettlements>1<",
            [(None, False, "the file states 1 as the number of settlements, but has 2")],
        ),
        (
            b"<ReportDateTo>2026-03-29<",
            b"<ReportDateTo>2026-03-28<",
            [
                (number, False, "its date 2026-03-29 lies outside of the report's period, 2026-03-28 to 2026-03-28")
                for number in (2000001, 2000002)
            ],
        ),
    ],
)
def test_a_contradiction_is_told_with_its_place(
    old: bytes, new: bytes, expected: list[tuple[int | None, bool, str]]
) -> None:
    assert XML.count(old) == 1
    assert slips(XML.replace(old, new)) == expected


def test_control_sums_are_held_to_the_rows() -> None:
    wrong = XML_2.replace(b"<TotalSettledFeeAmount>7.49<", b"<TotalSettledFeeAmount>7.00<")
    assert slips(wrong) == [(None, False, "the file states fees of 7.00 in all, but its rows make 7.49")]


def test_rows_without_a_settlement_are_told() -> None:
    document = rendered("csv sections", golden_report()).decode().splitlines(keepends=True)
    without = "".join(
        line for line in document if not line.startswith("SettlementInfo,Fiskebua på Torget,654321,29.03.2026,2000002")
    )
    assert slips(without.encode()) == [(2000002, False, "it has rows, but the file does not state it as a settlement")]


def test_very_many_slips_are_counted() -> None:
    document = rendered("csv table", report([row(number, fee=0) for number in range(1, MOST_SLIPS + 12)]))
    found = contents(read(document.replace(b",0.00,", b",-1.00,")))
    assert len(found.slips) == MOST_SLIPS
    assert found.slips_untold == 11
