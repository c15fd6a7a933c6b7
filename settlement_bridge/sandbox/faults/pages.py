"""Faults of a page: its cursor, its flags, its items."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from json import loads
from typing import Any, NamedTuple

from settlement_bridge.sandbox.answers import Page
from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.stored import json_row

_OTHER_LEDGER = "999999"
AMOUNTS = {
    "float": b"12.5",
    "whole-float": b"1200.0",
    "nan": b"NaN",
    "string": b'"1200"',
    "huge": b"1" + 40 * b"0",
    "boolean": b"true",
    "null": b"null",
}


class PageKind(NamedTuple):
    """A kind of fault that changes a page; None where it cannot strike this one."""

    summary: str
    change: Callable[[Fault, Page], Page | None]
    options: tuple[str, ...] = ()


ItemChange = Callable[[Fault, dict[str, Any]], bytes | None]
"""Returns what is served instead of an item, or None where it cannot strike this one."""


def _cursor_loop(_: Fault, page: Page) -> Page | None:
    return replace(page, cursor=page.here, flags=_more_to_come(page)) if page.items else None


def _empty_page(_: Fault, page: Page) -> Page | None:
    return replace(page, items=[], cursor=page.here, flags=_more_to_come(page)) if page.items else None


def _more_to_come(page: Page) -> dict[str, bool]:
    return {name: name == "hasMore" for name in page.flags}


def _try_later(_: Fault, page: Page) -> Page | None:
    if "tryLater" not in page.flags:
        return None
    cursor = None if "hasMore" in page.flags else page.here
    return replace(page, items=[], cursor=cursor, flags={name: name == "tryLater" for name in page.flags})


def _gap(fault: Fault, page: Page) -> Page | None:
    """Leave an entry out; never the last of a page, which would look as if it had not come yet."""
    place = _place(fault, page, otherwise=1)
    if place is None or place + 1 >= len(page.items):
        return None
    return replace(page, items=[*page.items[:place], *page.items[place + 1 :]])


def _changed_again(_: Fault, page: Page) -> Page | None:
    if page.given <= page.start or not page.items:
        return None
    item = loads(page.items[0])
    name = "reference" if "reference" in item else "orderId"
    return replace(page, items=[json_row({**item, name: f"{item.get(name) or ''} (changed)"}), *page.items[1:]])


def _other_ledger(_: Fault, page: Page) -> Page | None:
    items = [_elsewhere(loads(item)) for item in page.items]
    return replace(page, items=items) if items != [json_row(loads(item)) for item in page.items] else None


def _elsewhere(item: dict[str, Any]) -> bytes:
    """Move an item to another ledger: v1 says which one in every row, v2 only in a payout's reference."""
    if "ledgerId" in item:
        item["ledgerId"] = _OTHER_LEDGER
    elif item.get("entryType") in ("payout-scheduled", "scheduled-for-payout"):
        item["pspReference"] = f"{_OTHER_LEDGER}-{item['pspReference'].rpartition('-')[2]}"
    return json_row(item)


def _on_item(change: ItemChange, fault: Fault, page: Page) -> Page | None:
    """Change the item at the absolute `position`, or the first of the page that can be struck."""
    place = _place(fault, page, otherwise=None)
    if place is None and "position" in fault.options:
        return None
    for index in range(len(page.items)) if place is None else (place,):
        changed = change(fault, loads(page.items[index]))
        if changed is not None:
            return replace(page, items=[*page.items[:index], changed, *page.items[index + 1 :]])
    return None


def _place(fault: Fault, page: Page, otherwise: int | None) -> int | None:
    if "position" not in fault.options:
        return otherwise
    place = int(fault.options["position"]) - page.start
    return place if 0 <= place < len(page.items) else None


def _is_sale(item: Mapping[str, Any]) -> bool:
    return bool(item.get("recipientHandle"))


def _amount(fault: Fault, item: dict[str, Any]) -> bytes | None:
    if not _is_sale(item):
        return None
    name = "ledgerAmount" if "ledgerAmount" in item else "amount"
    value = AMOUNTS[fault.options.get("as", "float")]
    return json_row({**item, name: "?"}).replace(b'"?"', value, 1)


def _duplicate_key(_: Fault, item: dict[str, Any]) -> bytes | None:
    name = "ledgerAmount" if "ledgerAmount" in item else "amount"
    return json_row(item)[:-1] + b',"%b":1}' % name.encode() if _is_sale(item) else None


def _null_handle(_: Fault, item: dict[str, Any]) -> bytes | None:
    return json_row({**item, "recipientHandle": None}) if _is_sale(item) else None


def _unknown_type(_: Fault, item: dict[str, Any]) -> bytes | None:
    name = "transactionType" if "transactionType" in item else "entryType"
    return json_row({**item, name: "brand-new-type"}) if _is_sale(item) else None


def _unknown_field(_: Fault, item: dict[str, Any]) -> bytes | None:
    return json_row({**item, "brandNewField": {"nested": [1, "two"]}})


PAGE_KINDS: Mapping[str, PageKind] = {
    "cursor-loop": PageKind("the cursor given is the one that was sent", _cursor_loop),
    "empty-page": PageKind("no items, but a cursor to go on with", _empty_page),
    "try-later": PageKind("no items and tryLater (v2)", _try_later),
    "gap": PageKind("an entry is missing; position=N in its book", _gap, ("position",)),
    "changed": PageKind("an entry that was given before comes again with another reference", _changed_again),
    "other-ledger": PageKind("what should be of this ledger is of another", _other_ledger),
    **{
        name: PageKind(f"{summary}; position=N in its book", partial(_on_item, change), ("position", *options))
        for name, summary, change, options in (
            ("amount", f"an amount that is none; as={'|'.join(AMOUNTS)}", _amount, ("as",)),
            ("duplicate-key", "a JSON object with the amount twice", _duplicate_key, ()),
            ("null-handle", "a sale without recipientHandle", _null_handle, ()),
            ("unknown-type", "a sale of a type nobody knows", _unknown_type, ()),
            ("unknown-field", "an item with a member nobody knows", _unknown_field, ()),
        )
    },
}
