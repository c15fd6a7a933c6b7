"""Reading page after page: one ahead of the caller, and never in a circle."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from settlement_bridge.errors import ApiUnavailable, DataRefused
from settlement_bridge.report_api.client import Client
from settlement_bridge.report_api.strict_json import Untrue, shown

Content = TypeVar("Content")
MOST_EMPTY_PAGES = 50


class Trail:
    """The cursors of one reading; raises ApiUnavailable where they lead in a circle or nowhere."""

    def __init__(self, what: str, cursor: str | None) -> None:
        self._what = what
        self._seen = {cursor}
        self._empty = 0
        self.page = 0
        """Number of the page being read, from 1."""

    def follow(self, cursor: str, items: int) -> None:
        """Take the cursor of a page that is not the last one."""
        if cursor in self._seen:
            raise ApiUnavailable(f"{self._what}: cursor loop, page {self.page} leads back to {shown(cursor)}")
        self._seen.add(cursor)
        self._empty = 0 if items else self._empty + 1
        if self._empty >= MOST_EMPTY_PAGES:
            raise ApiUnavailable(f"{self._what}: cursor loop, {self._empty} pages in a row are empty")

    @contextmanager
    def refusing(self, ledger_id: str) -> Iterator[None]:
        """Turn what is untrue about the page into DataRefused, with its place."""
        try:
            yield
        except Untrue as error:
            raise DataRefused(ledger_id, f"{error} (page {self.page} of {self._what})") from error


def read_ahead(
    client: Client,
    pool: Executor,
    path: str,
    parameters: Callable[[str | None], Mapping[str, str]],
    follow: Callable[[Callable[[], dict[str, Any]]], tuple[Content, str | None]],
    cursor: str | None,
) -> Iterator[Content]:
    """Yield answer after answer; while the caller works on one, the next is asked for in the background.

    `parameters` gives those of the question at a cursor. `follow` is given a function that returns an answer, or
    raises what asking raised, and makes of it what is yielded and the next cursor, None after the last. Only then is
    the next answer asked for, so work that can wait belongs to the caller. A caller who stops early leaves at most
    one request running, whose answer is dropped.
    """
    answer: Callable[[], dict[str, Any]] = partial(client.entries, path, parameters(cursor))
    while True:
        content, following = follow(answer)
        if following is not None:
            answer = client.entries_ahead(pool, path, parameters(following))
        yield content
        if following is None:
            return
