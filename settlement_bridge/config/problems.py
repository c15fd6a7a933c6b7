"""Turns what validation found into sentences: the place, the key, its value unless secret, and the remedy."""

import datetime
import difflib
import json
import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from settlement_bridge.config.keys import Location, all_names, field_at, is_secret, names_in, without_kinds
from settlement_bridge.config.values import EXPECTED, STATED

LONGEST_SHOWN = 60

REMEDIES = {
    "string_type": "text in quotes",
    "is_instance_of": "a path in quotes",
    "zoneinfo_str": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date such as 2026-01-31, without quotes",
    "tuple_type": "a list in [brackets]",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "mapping_type": "a table",
}


def dotted(location: Location) -> str:
    """Write a location as a person would: `destinations[0].path`."""
    text = ""
    for part in without_kinds(location):
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != "[key]":  # pydantic's mark for the name of a table rather than its content
            text += ("." if text else "") + _name(part)
    return text


def sentence(error: ErrorDetails) -> str:
    """Return one sentence on one error of pydantic; the value of a secret is in none of them."""
    location, value = error["loc"], error["input"]
    context = error.get("ctx", {})
    if error["type"].startswith("union_tag"):
        location, value = (*location, "kind"), value.get("kind")
    key = dotted(location)
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return f"{key} is missing; add it{_description(location)}"
        case "extra_forbidden":
            return f"{key} is not a known key; {_nearest(location)}"
        case kind if kind == STATED:
            return f"{key} {context['sentence']}"
        case kind if kind == EXPECTED:
            remedy = str(context["sentence"])
        case "union_tag_invalid":
            remedy = str(context["expected_tags"]).replace("'", '"').replace(", ", " or ")
        case "literal_error":
            remedy = str(context["expected"]).replace("'", '"')
        case kind:
            remedy = REMEDIES.get(kind) or error["msg"].removeprefix("Input should be ")
    if location[-1] == "[key]":
        return f"{key} has a name that cannot be used; name it with {remedy}"
    return f"{key} {_is_value(location, value)}; set it to {remedy}"


def _name(part: str) -> str:
    return part if re.fullmatch("[A-Za-z0-9_-]+", part) else _quoted(part)


def _quoted(text: str) -> str:
    text = json.dumps(text, ensure_ascii=not text.isprintable())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _is_value(location: Location, value: object) -> str:
    field = field_at(location)
    if field is None or is_secret(field):
        return "cannot be used"
    return f"is {_shown(value)}"


def _shown(value: object) -> str:
    """Write a value as TOML does; of tables and lists only that they are, since they may hold secrets."""
    match value:
        case str():
            # Somebody may write a password into an address.
            return _quoted(re.sub("//[^/@]*@", "//***@", value))
        case bool():
            return str(value).lower()
        case int() if value.bit_length() > 128:
            return "a very large number"
        case int() | float() | datetime.date() | datetime.time():
            return str(value)
        case Mapping():
            return "a table"
        case _:
            return "a list"


def _description(location: Location) -> str:
    field = field_at(location)
    return f": {field.description.rstrip('.')}" if field and field.description else ""


def _nearest(location: Location) -> str:
    table, name = location[:-1], str(location[-1])
    near = difflib.get_close_matches(name.lower(), names_in(table), 1)
    if near:
        return f"did you mean {dotted((*table, near[0]))}?"
    elsewhere = [key for key in all_names() if key.split(".")[-1] == name]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"remove it; {dotted(table) or 'the file'} has {', '.join(names_in(table))}"
