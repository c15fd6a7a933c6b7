"""Finds one's way in the schema: which keys there are, where, and what kind of value each takes."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from settlement_bridge.config.schema import Configuration
from settlement_bridge.config.section import Section

Location = tuple[str | int, ...]
"""The way to a value, e.g. `("destinations", 0, "path")`; pydantic puts the kind of a table behind its index."""


def types_in(kind: Any) -> Iterator[type]:
    """Yield every class an annotation is made of, collections included."""
    outermost = get_origin(kind) or kind
    if isinstance(outermost, type):
        yield outermost
    for argument in get_args(kind):
        yield from types_in(argument)


def sections_in(field: FieldInfo) -> list[type[Section]]:
    """Return the tables a key may hold; none for a plain value."""
    return [kind for kind in types_in(field.annotation) if issubclass(kind, Section)]


def is_by_id(field: FieldInfo) -> bool:
    """Whether a key holds tables by an id, such as `[ledgers.302321]`."""
    return Mapping in types_in(field.annotation)


def is_list(field: FieldInfo) -> bool:
    """Whether a key holds a list, of tables or of plain values."""
    return tuple in types_in(field.annotation)


def is_secret(field: FieldInfo) -> bool:
    """Whether a value must never be shown."""
    return SecretStr in types_in(field.annotation)


def takes_text(field: FieldInfo) -> bool:
    """Whether an environment variable's text is the value itself, rather than a number, date or list in TOML."""
    return not {int, float, bool, date, tuple} & set(types_in(field.annotation))


def field_at(location: Location) -> FieldInfo | None:
    """Return the key at a location; for an index of a list or an id, the key that holds them."""
    return _found_at(location)[0]


def _found_at(location: Location) -> tuple[FieldInfo | None, list[type[Section]]]:
    """Return the key at a location and the tables it may hold."""
    sections: list[type[Section]] = [Configuration]
    field: FieldInfo | None = None
    before_id = after_index = False
    for part in location:
        if after_index and part in kinds_in(sections):
            sections = [kinds_in(sections)[str(part)]]
            after_index = False
            continue
        after_index = isinstance(part, int)
        if after_index or before_id:
            before_id = False
            continue
        field = next((section.model_fields[str(part)] for section in sections if part in section.model_fields), None)
        if field is None:
            return None, []
        sections, before_id = sections_in(field), is_by_id(field)
    return field, sections


def kinds_in(sections: Iterable[type[Section]]) -> dict[str, type[Section]]:
    """Return tables by their kind, where they have one."""
    with_kind = (section for section in sections if "kind" in section.model_fields)
    return {get_args(section.model_fields["kind"].annotation)[0]: section for section in with_kind}


def without_kinds(location: Location) -> Location:
    """Return a location as a person would find it in the file."""
    befores = (location[:index] for index in range(len(location)))
    return tuple(
        part
        for part, before in zip(location, befores, strict=True)
        if not (before and isinstance(before[-1], int) and part in kinds_in(_found_at(before)[1]))
    )


def names_in(location: Location) -> list[str]:
    """Return the names of all keys of the table at a location."""
    if not location:
        return list(Configuration.model_fields)
    _, sections = _found_at(location)
    return list(dict.fromkeys(name for section in sections for name in section.model_fields))


def all_names() -> Iterator[str]:
    """Yield every key as a person writes it: `store.url`, `destinations[].path`, `organizations.<id>.name`."""
    for name in Configuration.model_fields:
        yield from _names_below((name,), name)


def _names_below(location: Location, written: str) -> Iterator[str]:
    field = field_at(location)
    if field and is_list(field):
        location, written = (*location, 0), f"{written}[]"
    elif field and is_by_id(field):
        location, written = (*location, "<id>"), f"{written}.<id>"
    for key in names_in(location):
        inner = field_at((*location, key))
        if inner and sections_in(inner):
            yield from _names_below((*location, key), f"{written}.{key}")
        else:
            yield f"{written}.{key}"


def secrets() -> Iterator[tuple[str, str]]:
    """Yield section and key of every secret that may also come from a file of its own."""
    for section in Configuration.model_fields:
        for key in names_in((section,)):
            field = field_at((section, key))
            if field and is_secret(field) and f"{key}_file" in names_in((section,)):
                yield section, key
