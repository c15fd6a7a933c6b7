"""One request, one answer: kept-open connections, time and size limits, and what went wrong in words."""

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import requests

from settlement_bridge.errors import ApiUnavailable
from settlement_bridge.report_api.retries import TryAgain
from settlement_bridge.report_api.settings import ApiSettings

LARGEST_BODY = 64 * 2**20
"""A page holds at most 1000 entries; whatever is larger than this is no page."""
PASSING = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self) -> float | None:
        """Return the seconds that `Retry-After` asks for, counted by the server's own clock; None without one."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        moment = http_date(text)
        now = http_date(self.headers.get("Date")) or datetime.now(UTC)
        return max(0.0, (moment - now).total_seconds()) if moment else None


class Transport:
    """Sends requests from many threads at once; each uses a session of its own while it does."""

    def __init__(self, settings: ApiSettings) -> None:
        self._base_url = settings.base_url.rstrip("/")
        self._timeout = (settings.connect_timeout, settings.read_timeout)
        self._idle: deque[requests.Session] = deque()
        # Proxies and certificates from the environment are looked up once, not for every request. ~/.netrc never
        # is: it would replace our Authorization header.
        with requests.Session() as session:
            self._environment = session.merge_environment_settings(self._base_url, {}, True, None, None)
        self._date: str | None = None

    def send(self, method: str, target: str, headers: Mapping[str, str], body: str | None = None) -> Answer:
        """Return the answer to one request; `target` is the path with its query.

        Redirects are not followed: the keys travel in headers and must not be carried elsewhere. Raises TryAgain
        when no whole answer came, ApiUnavailable when the address itself cannot be asked.
        """
        begin = time.monotonic()
        try:
            answer = self._exchange(method, target, headers, body)
        except PASSING as error:
            raise TryAgain(_describe(error)) from error
        except requests.RequestException as error:
            raise ApiUnavailable(f"{self._base_url} cannot be asked: {type(error).__name__}; check base_url") from error
        _log.debug(
            "%s %s: %d, %d bytes, %.3f s",
            method,
            target.partition("?")[0],
            answer.status,
            len(answer.body),
            time.monotonic() - begin,
        )
        return answer

    def server_time(self) -> datetime | None:
        """Return the `Date` of the last answer; None before the first and where the server sends none."""
        return http_date(self._date)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: str | None) -> Answer:
        request = requests.PreparedRequest()
        request.prepare(method=method, url=self._base_url + target, headers=headers, data=body)
        with (
            self._session() as session,
            session.send(request, timeout=self._timeout, allow_redirects=False, **self._environment) as response,
        ):
            content = _read(response)
        self._date = response.headers.get("Date")
        return Answer(response.status_code, response.headers, content)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        try:
            session = self._idle.pop()
        except IndexError:
            session = requests.Session()
        try:
            yield session
        finally:
            self._idle.append(session)


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(2**20):
        content += chunk
        if len(content) > LARGEST_BODY:
            raise TryAgain(f"the answer is larger than {LARGEST_BODY} bytes")
    return bytes(content)


def http_date(text: str | None) -> datetime | None:
    """Return an HTTP date as an aware datetime; None for anything else."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):  # a number in it may be of any size
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _describe(error: BaseException) -> str:
    """Say what happened in words, without the URLs and proxies that exceptions repeat."""
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer was cut off"
    if any(isinstance(each, TimeoutError) for each in _causes(error)):
        return "the answer broke off and did not go on in time"
    cause = next(filter(_speaks, _causes(error)), None)
    return f"no connection ({cause.strerror})" if isinstance(cause, OSError) else "the connection was closed"


def _speaks(error: object) -> bool:
    return isinstance(error, OSError) and bool(error.strerror)


def _causes(error: BaseException) -> Iterator[Any]:
    """Yield an exception and all that stand behind it, whichever way the libraries below have wrapped them."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        pending += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
