"""Make the golden files again, after a change that is meant: `python -m tests.formats.remake`, then read the diff."""

import io
from datetime import UTC, datetime
from pathlib import Path

from settlement_bridge import formats
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Report, Transaction
from tests.formats.reports import rendered, report

GOLDEN = Path(__file__).parent / "golden"


def at(*moment: int) -> int:
    return to_micros(datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type,misc]


def golden_report() -> Report:
    """One settlement over the spring night, with what is odd in a row, and a second one of a single refund."""
    return report(
        [
            Transaction(at(2026, 3, 29, 0, 59, 59, 999_999), 29_900, 0, 523, 5_584_146_378, "1001", None),
            Transaction(at(2026, 3, 29, 1, 0, 0, 0), 0, -4_950, 0, 5_584_146_379, "", None),
            Transaction(
                at(2026, 3, 29, 1, 0, 0, 270_000),
                1,
                0,
                1,
                4 * 10**18,
                "<a & b>\x01 🐟 'æ'",
                "01H7",
            ),
            Transaction(
                at(2026, 3, 29, 1, 5, 0, 97_000),
                0,
                0,
                225,
                9 * 10**18 - 1,
                "late fee",
                "01H7:fee:1",
            ),
        ],
        [Transaction(at(2026, 3, 29, 21, 59, 59, 5_000), 0, -100, 0, 5_584_146_380, "correction", None)],
    )


def rendered_as(form: formats.Format, report: Report) -> bytes:
    stream = io.BytesIO()
    form.write(report, stream)
    return stream.getvalue()


def main() -> None:
    (GOLDEN / "654321-2000001.camt.053.xml").write_bytes(rendered_as(formats.get("camt.053.xml"), golden_report()))
    (GOLDEN / "654321-2000001.xml").write_bytes(rendered(golden_report()))
    (GOLDEN / "654321-2000001-2.0.xml").write_bytes(rendered_as(formats.get("xml", xml_version="2.0"), golden_report()))


if __name__ == "__main__":
    main()
