"""What the commands that prove things found, as plain data for programs; see as_json for how values are told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from settlement_bridge.bridge import (
    ComparedFile,
    Difference,
    Inspected,
    SettlementContents,
    SettlementDifferences,
    Slip,
    Verdict,
)

Data = Mapping[str, Any]


def comparison(files: Iterable[ComparedFile], verdicts: Counter[Verdict], left_aside: int, exit_code: int) -> Data:
    """Return what a comparison found, file by file."""
    return {
        "exit_code": exit_code,
        "settlements": verdicts.total(),
        **{verdict.name.lower(): verdicts[verdict] for verdict in Verdict},
        "files_left_aside": left_aside,
        "files": [_compared(file) for file in files],
    }


def inspected(path: str, one: Inspected) -> Data:
    """Return what is in a file."""
    return {
        "file": path,
        "format": str(one.kind),
        "adds_up": one.contents.adds_up,
        "valid": one.invalid is None if one.has_schema else None,
        "invalid": one.invalid,
        "slips": [_slip(each) for each in one.contents.slips],
        "slips_untold": one.contents.slips_untold,
        "settlements": [_contents(each) for each in one.contents.settlements],
    }


def _compared(file: ComparedFile) -> Data:
    return {
        "file": file.path,
        "format": str(file.kind) if file.kind else None,
        "refused": file.refused,
        "slips": [_slip(each) for each in file.contents.slips] if file.contents else [],
        "settlements": [_settlement(one) for one in file.settlements],
    }


def _settlement(one: SettlementDifferences) -> Data:
    return {
        "msn": one.key.msn,
        "payout": one.key.payout,
        "verdict": one.verdict.value,
        "obstacle": one.obstacle,
        "transactions": one.rows,
        "differences": [_difference(each) for each in one.differences],
        "transactions_untold": one.rows_untold,
    }


def _difference(each: Difference) -> Data:
    return {
        "grade": each.grade.value,
        "field": each.field,
        "old": _plain(each.old),
        "new": _plain(each.new),
        "transaction": each.row._asdict() if each.row else None,
    }


def _contents(one: SettlementContents) -> Data:
    stated = asdict(one.stated) if one.stated else {}
    stated.pop("key", None)
    return {
        "msn": one.key.msn,
        "payout": one.key.payout,
        "stated": {name: _plain(value) for name, value in stated.items()} or None,
        "rows": {name: _plain(value) for name, value in asdict(one.rows).items()} | {"gross": one.rows.gross},
    }


def _slip(each: Slip) -> Data:
    key = each.key
    return {
        "msn": key.msn if key else None,
        "payout": key.payout if key else None,
        "line": each.line,
        "sentence": each.sentence,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
