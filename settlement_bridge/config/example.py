"""Writes the example file from the schema, so that the two cannot tell different stories."""

import json
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import PurePath
from typing import Any

from pydantic.fields import FieldInfo

from settlement_bridge.config.keys import is_by_id, is_list, sections_in
from settlement_bridge.config.schema import Configuration
from settlement_bridge.config.section import Section

WIDTH = 100

HEADER = """\
settlement-bridge configuration

Copy this file to config.toml, fill in your keys and run: chmod 600 config.toml
A commented-out line shows the default, or an example where there is none.
Relative paths are relative to the folder of this file.

Looked for, in this order: --config FILE, $SETTLEMENT_BRIDGE_CONFIG, ./config.toml,
~/.config/settlement-bridge/config.toml, /etc/settlement-bridge/config.toml

Any key of a table can be set in the environment, with two underscores between levels (lists,
numbers and dates written as here): SETTLEMENT_BRIDGE_REPORT_API__CLIENT_SECRET,
SETTLEMENT_BRIDGE_DESTINATIONS__0__PATH. A secret can also be a systemd credential named after
its key: LoadCredential=report_api.client_secret:/path. The environment wins over credentials,
credentials over *_file keys, and these over the keys themselves.

A file that holds a secret and that others than its owner can read is refused.
"""


def example() -> str:
    """Return the text of `config.example.toml`."""
    blocks = [_comment(HEADER), *(line for name in Configuration.model_fields for line in _section(name))]
    return "\n\n".join(blocks) + "\n"


def _section(name: str) -> Iterator[str]:
    field = Configuration.model_fields[name]
    header = _table_header(name, field)
    optional = is_by_id(field) or (field.default is None and not field.is_required())
    yield "\n".join([_comment(f"--- {name} ---\n{field.description}"), f"{'#' if optional else ''}{header}"])
    for number, section in enumerate(sections_in(field)):
        if number:
            yield f"{_comment('Another, of another kind.')}\n#{header}"
        yield from _keys(name, section, optional or number > 0)


def _keys(name: str, section: type[Section], optional: bool) -> Iterator[str]:
    for key, field in section.model_fields.items():
        comment = _comment(field.description or "")
        inner = sections_in(field)
        if inner:
            yield f"{comment}\n{'#' if optional else ''}{_table_header(f'{name}.{key}', field)}"
            yield from _keys(f"{name}.{key}", inner[0], optional)
        else:
            yield f"{comment}\n{_assignment(key, field, optional)}"


def _table_header(name: str, field: FieldInfo) -> str:
    if is_by_id(field):
        return f"[{name}.{_shown(field)}]"
    return f"[[{name}]]" if is_list(field) else f"[{name}]"


def _assignment(key: str, field: FieldInfo, optional: bool) -> str:
    extra = field.json_schema_extra
    active = field.is_required() or (isinstance(extra, dict) and extra.get("shown"))
    value = _shown(field)
    value = str(value) if isinstance(value, PurePath) else value
    text = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
    return f"{'' if active and not optional else '#'}{key} = {text}"


def _shown(field: FieldInfo) -> Any:
    return field.examples[0] if field.examples else field.default


def _comment(text: str) -> str:
    lines = (line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, WIDTH - 2) or [""])
    return "\n".join(f"# {line}".rstrip() for line in lines)
