"""JSON text to Python values: whole, and with no key given twice, or not at all."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

_SPACED_KEY = re.compile(rb'"\s+:')
_SPACES = (b" ", b"\n", b"\r", b"\t")
_NUL = b"\\u0000"
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


class Untrue(Exception):
    """An answer that cannot be true; the sentence names value, field and entry."""


class NotJson(Exception):
    """A body that is no JSON object: cut short, or not from the API at all."""


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raise NotJson, or Untrue where an object has the same key twice."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_carefully(body)
    else:
        # Every key is followed by `":`. Where nothing stands between quote and colon, counting them finds a key that
        # was given twice; a text that looks like a key only sends us the long way.
        if _NUL in body or _has_spaced_key(body) or body.count(b'":') != _count_keys(document, body):
            document = _parse_carefully(body)
    if not isinstance(document, dict):
        raise NotJson("an object was expected")
    return document


def listed(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the `items` of an answer; raise Untrue where they are not a list of objects."""
    items = document.get("items")
    if items is None:
        return []
    if not isinstance(items, list) or not set(map(type, items)) <= {dict}:
        raise Untrue("items is not a list of objects")
    return items


def shown(value: object) -> str:
    """Return a foreign value as a sentence can hold it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"


def _has_spaced_key(body: bytes) -> bool:
    # A body without any space, the usual one, is told in a hundredth of the time.
    return any(space in body for space in _SPACES) and _SPACED_KEY.search(body) is not None


def _count_keys(document: Any, body: bytes) -> int:
    """Return how many keys the objects of a document have."""
    items = document.get("items") if isinstance(document, dict) else None
    # As many braces as there are items, and one: nothing is nested, and the lengths say it all.
    if isinstance(items, list) and set(map(type, items)) <= {dict} and body.count(b"{") == len(items) + 1:
        return len(document) + sum(map(len, items))
    return _count_nested(document)


def _count_nested(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_nested, value.values()))
    return sum(map(_count_nested, value)) if isinstance(value, list) else 0


def _parse_carefully(body: bytes) -> Any:
    """Parse slowly what the fast parser cannot: finds keys given twice, and lets amounts such as NaN be named."""
    try:
        return json.loads(body, object_pairs_hook=_object, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            entry = result.get("pspReference") or result.get("transactionId") or result.get("ledgerId")
            raise Untrue(f"the key {shown(key)} is given twice in one object ({shown(entry)})")
        result[_clean(key)] = _clean(value)
    return result


def _clean(value: Any) -> Any:
    """Replace what no encoding (halves of a surrogate pair) or not every database (NUL) can hold (rule 18)."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    return list(map(_clean, value)) if isinstance(value, list) else value


def _integer(text: str) -> int | float:
    """Read an integer as the fast parser does, which makes a float of what needs more than 64 bits."""
    return int(text) if len(text) <= 20 and abs(int(text)) < 2**64 else float(text)
