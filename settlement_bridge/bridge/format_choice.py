"""Which settlement file is meant, as a person names it."""

from dataclasses import dataclass

from settlement_bridge import formats
from settlement_bridge.formats import Format


@dataclass(frozen=True)
class FormatChoice:
    """A format by its extension, with the variant where there are several."""

    extension: str = "xml"
    csv_layout: str = "sections"
    xml_version: str = "3.0"

    def form(self) -> Format:
        """Return the format; raises ConfigurationError where there is none of that extension."""
        return formats.get(self.extension, self.csv_layout, self.xml_version)


XML = FormatChoice()
"""What is meant where nobody says otherwise."""
