"""A settlement file by itself: what is in it, whether it adds up, whether it is valid. Needs no store."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO
from zipfile import ZipFile

from settlement_bridge import formats
from settlement_bridge.comparison import FileContents, contents
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.model import FileKind
from settlement_bridge.readers import SettlementFile


@dataclass(frozen=True)
class Inspected:
    """What there is to say of one file."""

    kind: FileKind
    contents: FileContents
    invalid: str | None
    """Why it is not valid against its XML schema; None where it is, or where its format has none."""

    @property
    def has_schema(self) -> bool:
        """Whether there is a schema to hold it to."""
        return self.kind.extension.startswith("xml")

    @property
    def is_well(self) -> bool:
        """Whether it adds up and nothing says that it is not valid."""
        return self.contents.adds_up and self.invalid is None


def inspect(path: Path) -> Inspected:
    """Read one file to its end. Raises FileRefused where it is no settlement file, or not a whole one, and OSError."""
    with path.open("rb") as stream:
        file = SettlementFile(stream, str(path))
        found = contents(file.read())
        return Inspected(file.kind, found, _invalid(file.kind, path, stream))


def _invalid(kind: FileKind, path: Path, stream: BinaryIO) -> str | None:
    if kind.extension == "xml":
        return _fault(kind, path)
    if kind.extension != "xml.zip":
        return None
    stream.seek(0)
    with tempfile.TemporaryDirectory() as folder, ZipFile(stream) as archive:
        (member,) = (one for one in archive.infolist() if not one.is_dir())
        unpacked = Path(folder) / "report.xml"
        with archive.open(member) as packed, unpacked.open("wb") as plain:
            copyfileobj(packed, plain)
        return _fault(kind, unpacked)


def _fault(kind: FileKind, path: Path) -> str | None:
    """Return what the schema has against a file, with its line."""
    try:
        formats.get("xml", xml_version=kind.variant).check(path)
    except RenderingRefused as error:
        return str(error).removeprefix(str(path)).lstrip(",: ")
    return None
