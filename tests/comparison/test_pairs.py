"""Two streams paired up, whatever their order."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.comparison.pairs import paired

LETTERS = st.lists(st.sampled_from("abcdef"), max_size=12)


@given(old=LETTERS, new=LETTERS)
def test_every_item_comes_once_and_meets_its_like_if_there_is_one(old: list[str], new: list[str]) -> None:
    pairs = list(paired(old, new, str))
    assert Counter(one for one, _ in pairs if one) == Counter(old)
    assert Counter(other for _, other in pairs if other) == Counter(new)
    assert Counter(one for one, other in pairs if one and one == other) == Counter(old) & Counter(new)
    assert all(one == other for one, other in pairs if one and other)


def test_pairs_come_while_the_streams_are_read() -> None:
    read = []

    def watched(items: range) -> Iterator[int]:
        for item in items:
            read.append(item)
            yield item

    pairs = paired(watched(range(1, 1000)), watched(range(2, 1000)), lambda number: number)
    assert next(iter(pairs)) == (2, 2)
    assert len(read) < 6
