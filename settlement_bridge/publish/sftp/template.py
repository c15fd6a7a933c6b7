"""Where on a server a document is put."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from settlement_bridge.errors import ConfigurationError, DeliveryRefused
from settlement_bridge.publish.layout import refuse_unsafe

DEFAULT_TEMPLATE = "settlements/inbox/{extension}/{organization_number}/{msn}/{name}"
"""The tree of the retired service."""

_PARTS = ("extension", "organization_number", "msn", "name")
_TEMPLATE = re.compile(r"(?:(?:[A-Za-z0-9._-]|\{(?:extension|organization_number|msn)\})+/)*\{name\}")


@dataclass(frozen=True)
class Template:
    """Folders, some of them placeholders, that end in `{name}`: it alone tells every document from the others.

    Raises ConfigurationError for any other text.
    """

    text: str = DEFAULT_TEMPLATE

    def __post_init__(self) -> None:
        if not _TEMPLATE.fullmatch(self.text) or {".", ".."} & set(self.text.split("/")):
            raise ConfigurationError(
                [
                    f"file_path {self.text!r} cannot be used; write folders, of which any may be {{extension}}, "
                    "{organization_number} or {msn}, and end in {name}"
                ]
            )

    def fill(self, path: PurePosixPath) -> PurePosixPath:
        """Return where a document of `layout.inbox_path` goes. Raises DeliveryRefused for an unsafe path."""
        refuse_unsafe(path)
        if len(path.parts) != 2 + len(_PARTS):
            raise DeliveryRefused(f"path {str(path)!r} is not safe: it is not that of a settlement")
        return PurePosixPath(self.text.format(**dict(zip(_PARTS, path.parts[2:], strict=True))))
