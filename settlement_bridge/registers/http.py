"""One question to a public register, and its answer as checked JSON, within a time limit that nothing gets around."""

import json
import threading
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import requests

from settlement_bridge import __version__
from settlement_bridge.errors import RegisterUnavailable

LARGEST_BODY = 2**20
"""An organization takes a few thousand bytes."""

UNKNOWN = (400, 404, 410)
"""What registers answer for a number that they do not know, cannot know, or no longer tell of."""

_HEADERS = {"Accept": "application/json", "User-Agent": f"settlement-bridge/{__version__}"}


class Answer(NamedTuple):
    """Status and document; the document of anything but a 200 is empty."""

    status: int
    document: dict[str, Any]


class Site:
    """Where a register answers; `timeout` in seconds, for each question."""

    def __init__(self, register: str, base_url: str, timeout: float) -> None:
        self._register = register
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout

    def ask(self, path: str, **parameters: str) -> Answer:
        """Return the answer to a GET in time: a JSON object, or one of the statuses in UNKNOWN.

        Redirects are not followed. Raises RegisterUnavailable, naming the register, for everything else.
        """
        return _ask(self._register, f"{self._base_url}/{path}", parameters, self._timeout)


def _ask(register: str, url: str, parameters: dict[str, str], timeout: float) -> Answer:
    answers: SimpleQueue[Answer | Exception] = SimpleQueue()

    def fetch() -> None:
        try:
            answers.put(_fetch(url, parameters, timeout))
        except (requests.RequestException, ValueError, RecursionError) as error:
            answers.put(error)

    # On a thread of its own, since neither name resolution nor an answer that drips in knows an overall limit. One
    # that is still at it when the time is up is abandoned.
    threading.Thread(target=fetch, name=f"ask {register}", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise RegisterUnavailable(f"{register} did not answer within {timeout:g} s ({url})") from None
    if isinstance(answer, Exception):
        raise RegisterUnavailable(f"{register} cannot be used: {_words(answer)} ({url})") from answer
    if answer.status not in (200, *UNKNOWN):
        raise RegisterUnavailable(f"{register} answered {answer.status} ({url})")
    return answer


def _fetch(url: str, parameters: dict[str, str], timeout: float) -> Answer:
    with requests.get(
        url, parameters, headers=_HEADERS, timeout=timeout, stream=True, allow_redirects=False
    ) as response:
        if response.status_code != 200:
            return Answer(response.status_code, {})
        body = bytearray()
        for chunk in response.iter_content(2**14):
            body += chunk
            if len(body) > LARGEST_BODY:
                raise ValueError(f"its answer is larger than {LARGEST_BODY} bytes")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("its answer is no JSON object")
    return Answer(200, document)


def _words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "its answer is no JSON"
    if isinstance(error, requests.RequestException):
        return "no answer in time" if isinstance(error, requests.Timeout) else "the connection failed"
    return str(error)
