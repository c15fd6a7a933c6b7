"""Where the project's own XML schemas lie."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")
"""An installed package carries the schemas inside it; in a checkout they lie beside it, as their source."""


def schema_path(name: str) -> Path:
    """Return the path of the schema `name`; raises FileNotFoundError in an installation without its schemas."""
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"the schema {name} is missing from {_FOLDERS[0]}: install settlement-bridge again")
