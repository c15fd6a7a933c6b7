"""Settlement files in memory, read by the product's own readers."""

import io

from settlement_bridge import formats
from settlement_bridge.model import Filed, FiledRow, FiledSettlement, Report
from settlement_bridge.readers import SettlementFile

FORMATS: dict[str, formats.Format] = {
    "xml 3.0": formats.get("xml"),
    "xml 2.0": formats.get("xml", xml_version="2.0"),
    "xml.zip 3.0": formats.get("xml.zip"),
    "csv sections": formats.get("csv"),
    "csv table": formats.get("csv", csv_layout="table"),
    "xlsx": formats.get("xlsx"),
}
"""Every format that tells transactions, by the name its reader gives it."""


def rendered(name: str, report: Report) -> bytes:
    stream = io.BytesIO()
    FORMATS[name].write(report, stream)
    return stream.getvalue()


def opened(document: bytes, name: str = "old") -> SettlementFile:
    return SettlementFile(io.BytesIO(document), name)


def read(document: bytes) -> list[Filed]:
    return list(opened(document).read())


def rows(document: bytes) -> list[FiledRow]:
    return [each for each in read(document) if isinstance(each, FiledRow)]


def settlements(document: bytes) -> list[FiledSettlement]:
    return [each for each in read(document) if isinstance(each, FiledSettlement)]
