"""Two streams that should be the same, paired up item by item whatever their order."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import zip_longest
from typing import TypeVar

Item = TypeVar("Item")
_Waiting = dict[Hashable, deque[Item]]


def paired(
    old: Iterable[Item], new: Iterable[Item], key: Callable[[Item], Hashable]
) -> Iterator[tuple[Item | None, Item | None]]:
    """Yield items of the same key together, as soon as both have come; those without a counterpart last, alone.

    Held in memory is only what has not found its counterpart yet: next to nothing for streams in the same order,
    also where one of them lacks some items.
    """
    waiting_old: _Waiting[Item] = defaultdict(deque)
    waiting_new: _Waiting[Item] = defaultdict(deque)
    for one, other in zip_longest(old, new):
        if one is not None and other is not None and key(one) == key(other):
            yield one, other
            continue
        if one is not None and (met := _met(waiting_new, waiting_old, key(one), one)) is not None:
            yield one, met
        if other is not None and (met := _met(waiting_old, waiting_new, key(other), other)) is not None:
            yield met, other
    for items in waiting_old.values():
        yield from ((one, None) for one in items)
    for items in waiting_new.values():
        yield from ((None, other) for other in items)


def _met(counterparts: _Waiting[Item], own: _Waiting[Item], key: Hashable, item: Item) -> Item | None:
    """Return the counterpart that waits for an item; where there is none, let the item wait."""
    waiting = counterparts.get(key)
    if not waiting:
        own[key].append(item)
        return None
    found = waiting.popleft()
    if not waiting:
        del counterparts[key]
    return found
