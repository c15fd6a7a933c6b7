"""Questions to the Report API: a path and its parameters in, a checked JSON object out."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from settlement_bridge.errors import ApiUnavailable, BridgeError, DialectGone
from settlement_bridge.report_api.answers import INVALID_INPUT, problem
from settlement_bridge.report_api.auth import Auth
from settlement_bridge.report_api.payers import ASKED_FOR
from settlement_bridge.report_api.retries import Retries, TryAgain
from settlement_bridge.report_api.settings import ApiSettings
from settlement_bridge.report_api.strict_json import NotJson, parse
from settlement_bridge.report_api.transport import Answer, Transport

LEDGERS_PATH = "/settlement/v1/ledgers"
V1_PATH = "/report/v1/ledgertransactions"


class Client:
    """Asks with valid keys, patiently; usable from many threads at once."""

    def __init__(self, settings: ApiSettings, stop: threading.Event) -> None:
        self._transport = Transport(settings)
        # Two, because a token is fetched in the middle of an attempt and tenacity keeps its state by thread.
        self._auth = Auth(settings, self._transport, Retries(settings, stop))
        self._retries = Retries(settings, stop)
        self.personal_data = settings.personal_data
        """Whether every page of entries is asked for with personal data."""

    def get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises KeysRefused, DialectGone, ApiUnavailable, and Untrue for an object with a key given twice.
        """
        return self._retries(self._attempt, path, _target(path, parameters), [])

    def entries(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of entries, with personal data where it is to be asked for; raises what `get` does."""
        return self.get(path, self._with_personal_data(parameters))

    def entries_ahead(self, pool: Executor, path: str, parameters: Mapping[str, str]) -> Callable[[], dict[str, Any]]:
        """Ask for a page of entries in the background; what is returned waits for it and does what `entries` does.

        Only the asking is done there. Parsing, which keeps the interpreter to itself, and trying again are left to
        the caller: two threads that both compute get in each other's way.
        """
        target = _target(path, self._with_personal_data(parameters))
        asked = [pool.submit(self._send, target)]
        return lambda: self._retries(self._attempt, path, target, asked)

    def server_time(self) -> datetime | None:
        """Return the server's clock as of the last answer."""
        return self._transport.server_time()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _with_personal_data(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {**parameters, **ASKED_FOR} if self.personal_data else parameters

    def _send(self, target: str) -> tuple[Mapping[str, str], Answer]:
        headers = self._auth.headers()
        return headers, self._transport.send("GET", target, headers)

    def _attempt(self, path: str, target: str, asked: list[Future[tuple[Mapping[str, str], Answer]]]) -> dict[str, Any]:
        """Ask once, or take what was `asked` before: that serves one attempt only."""
        headers, answer = asked.pop().result() if asked else self._send(target)
        is_new = False
        while answer.status == 401 and not is_new:  # what another thread has bought meanwhile may be worthless again
            headers, is_new = self._auth.renewed(headers)
            answer = self._transport.send("GET", target, headers)
        if answer.status != 200:
            raise self._refusal(path, answer)
        try:
            return parse(answer.body)
        except NotJson as error:
            raise TryAgain(f"the answer is not the JSON it should be ({error})") from error

    def _refusal(self, path: str, answer: Answer) -> BridgeError | TryAgain:
        if answer.status == 401 or (answer.status == 403 and path == LEDGERS_PATH):
            return self._auth.refusal(answer)
        said = self._auth.words(answer)
        if answer.status == 410 and path == V1_PATH:
            return DialectGone(
                f"the server no longer speaks v1, it answered {said}: "
                'set dialect = "v2" under [report_api], or "auto" to follow the server'
            )
        if answer.status in (403, 404):
            return ApiUnavailable(f"{path}: {said}; these keys may not read it, or access was not granted")
        passing = answer.status in (408, 429) or answer.status >= 500
        if passing and problem(answer).get("errorCode") != INVALID_INPUT:
            return TryAgain(said, answer.retry_after())
        return ApiUnavailable(f"{path}: {said}")


def _target(path: str, parameters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path
