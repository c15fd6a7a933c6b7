"""CSV as a table: column names, then one line a transaction that carries its settlement's sum and account."""

from collections.abc import Iterator
from typing import IO

from settlement_bridge.model import Filed, FiledKey
from settlement_bridge.readers import columns
from settlement_bridge.readers.csv_lines import csv_lines, plain
from settlement_bridge.readers.values import NotRead

_TEXTS = ("Salgssted", "Ordre-ID")


def read_table(stream: IO[bytes]) -> Iterator[Filed]:
    """Yield each settlement before its first row; raises NotRead."""
    lines = csv_lines(stream)
    _, names = next(lines, (0, []))
    settled: set[FiledKey] = set()
    for line, cells in lines:
        if len(cells) != len(names):
            raise NotRead(f"line {line}: {len(cells)} cells where {len(names)} columns were named")
        values = dict(zip(names, cells, strict=True)) | {
            name: plain(cell) for name, cell in zip(names, cells, strict=True) if name in _TEXTS
        }
        row = columns.row(values, line)
        if row.key not in settled:
            settled.add(row.key)
            yield columns.settlement(values, row.key, line)
        yield row
    if not settled:
        raise NotRead("it has column names, but no transaction")
