"""Settlement files: one module a format, behind one port."""

from pathlib import Path
from typing import BinaryIO, Protocol

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.formats.camt_053 import Camt053
from settlement_bridge.formats.csv_sections import SectionsCsv
from settlement_bridge.formats.csv_table import TableCsv
from settlement_bridge.formats.settlement_pdf import SettlementPdf
from settlement_bridge.formats.settlement_xlsx import SettlementXlsx
from settlement_bridge.formats.settlement_xml import SettlementXml
from settlement_bridge.formats.settlement_xml_2 import SettlementXml2
from settlement_bridge.formats.settlement_zip import SettlementZip
from settlement_bridge.model import Report


class Format(Protocol):
    """A kind of settlement file. Rendering is a function: the same report gives the same bytes (rule 19)."""

    extension: str
    """Also the name of the folder that such files go to, as the old service had it."""

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report` to `stream`, reading its rows once and in order; a large one never lies in memory.

        Raises RenderingRefused when the rows of a settlement do not add up to its totals.
        """

    def check(self, path: Path) -> None:
        """Read the finished file back; raises RenderingRefused, naming file, line and reason, if it may not be used."""


_BY_EXTENSION: dict[str, Format] = {
    each.extension: each
    for each in (SettlementXml(), SettlementZip(), SectionsCsv(), SettlementXlsx(), SettlementPdf(), Camt053())
}
_VARIANTS: dict[tuple[str, str], Format] = {("xml", "2.0"): SettlementXml2(), ("csv", "table"): TableCsv()}

EXTENSIONS: tuple[str, ...] = tuple(_BY_EXTENSION)
"""What `get` knows, as written in the configuration."""


def get(extension: str, csv_layout: str = "sections", xml_version: str = "3.0") -> Format:
    """Return the format that makes files with this extension; raises ConfigurationError if there is none.

    `csv_layout` ("sections" or "table") and `xml_version` ("3.0" or "2.0") say which csv and xml are meant; an
    `xml.zip` holds 3.0.
    """
    if extension not in _BY_EXTENSION:
        known = ", ".join(EXTENSIONS)
        raise ConfigurationError([f'there is no format "{extension}"; choose from: {known}'])
    variant = {"csv": csv_layout, "xml": xml_version}.get(extension, "")
    return _VARIANTS.get((extension, variant), _BY_EXTENSION[extension])
