"""Settlement files: one module a format, behind one port."""

from pathlib import Path
from typing import BinaryIO, Protocol

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.formats.settlement_xml import SettlementXml
from settlement_bridge.formats.settlement_zip import SettlementZip
from settlement_bridge.model import Report


class Format(Protocol):
    """A kind of settlement file. Rendering is a function: the same report gives the same bytes (rule 19)."""

    extension: str
    """Also the name of the folder that the old service kept such files in."""

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report` to `stream`, reading its rows once and in order; a large one never lies in memory.

        Raises RenderingRefused when the rows of a settlement do not add up to its totals.
        """

    def check(self, path: Path) -> None:
        """Read the finished file back; raises RenderingRefused, naming file, line and reason, if it may not be used."""


_FORMATS: dict[str, Format] = {each.extension: each for each in (SettlementXml(), SettlementZip())}

EXTENSIONS: tuple[str, ...] = tuple(_FORMATS)
"""What `get` knows, as written in the configuration."""


def get(extension: str) -> Format:
    """Return the format that makes files with this extension; raises ConfigurationError if there is none."""
    try:
        return _FORMATS[extension]
    except KeyError:
        known = ", ".join(EXTENSIONS)
        raise ConfigurationError([f'there is no format "{extension}"; choose from: {known}']) from None
