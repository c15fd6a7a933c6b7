"""Files that failed for one cause, such as a destination that is read-only: one sentence for all of them."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import TypeVar

from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.store import Delivery, DeliveryState

Item = TypeVar("Item")


def cause(reason: str, path: str) -> str:
    """Return what a reason says without the folders and the name of the file at `path`."""
    file = PurePosixPath(path)
    for part in (f".{file.name}.part", *reversed(file.parts)):
        reason = reason.replace(f"/{part}", "")
    return reason


def cause_of(delivery: Delivered | Delivery) -> object:
    """Return what files that failed alike have in common; None for any other: somebody may have to look at each."""
    if delivery.state is not DeliveryState.FAILED or delivery.reason is None:
        return None
    return delivery.destination, cause(delivery.reason, delivery.path)


def alike(items: Iterable[Item], key: Callable[[Item], object]) -> Iterator[tuple[Item, int]]:
    """Yield the first item of each key, in their order, with the number of others that share it; None is not shared."""
    first: dict[object, Item] = {}
    others: dict[object, int] = {}
    for item in items:
        shared = key(item)
        name = object() if shared is None else shared
        others[name] = others.get(name, -1) + 1
        first.setdefault(name, item)
    return ((item, others[name]) for name, item in first.items())
