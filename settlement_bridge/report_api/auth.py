"""Access tokens: two kinds of keys, one token for all threads."""

import base64
import threading
import time
from collections.abc import Mapping

from settlement_bridge.errors import ApiUnavailable, KeysRefused
from settlement_bridge.report_api.answers import problem, words
from settlement_bridge.report_api.retries import Retries, TryAgain
from settlement_bridge.report_api.settings import ApiSettings
from settlement_bridge.report_api.transport import Answer, Transport

MERCHANT_PATH = "/accesstoken/get"
ACCOUNTING_PATH = "/miami/v1/token"
LARGEST_MARGIN = 60.0
UNKNOWN_LIFE = 300.0
"""Seconds a token is used for when the answer does not say how long it lives."""
SUSPECTS = (("subscription", "subscription_key"), ("secret", "client_secret"), ("application", "client_id"))


class Auth:
    """Knows the keys, and the headers that every call carries while a token lives."""

    def __init__(self, settings: ApiSettings, transport: Transport, retries: Retries) -> None:
        self._settings = settings
        self._transport = transport
        self._retries = retries
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] | None = None
        self._expires = 0.0

    def headers(self) -> Mapping[str, str]:
        """Return the headers of an authorized call, with a new token where the old one is used up.

        Raises KeysRefused or ApiUnavailable.
        """
        headers = self._headers
        if headers is not None and time.monotonic() < self._expires:
            return headers
        return self.renewed(headers)[0]

    def renewed(self, refused: Mapping[str, str] | None) -> tuple[Mapping[str, str], bool]:
        """Return headers other than the refused ones, and whether their token is a new one, not another thread's."""
        with self._lock:
            if self._headers is not None and self._headers is not refused:
                return self._headers, False
            self._headers = None
            self._check_keys()
            path, headers, body = self._request()
            self._headers = self._retries(self._fetch, path, headers, body)
            return self._headers, True

    def refusal(self, answer: Answer) -> KeysRefused:
        """Return the error for an answer that refuses the keys; says which of them seems wrong."""
        said = self.words(answer)
        suspects = [key for sign, key in SUSPECTS if sign in said.lower()]
        known = "client_id or client_secret" if self._headers is None else self._doubted_with_token()
        seems = suspects[0] if suspects else known
        return KeysRefused(f"the Report API refuses the keys: {seems} seems wrong; it answered {said}")

    def words(self, answer: Answer) -> str:
        """Return what an error answer says, without any of our secrets."""
        return words(answer, self._secrets())

    def _doubted_with_token(self) -> str:
        return "subscription_key" if self._settings.keys == "merchant" else "the access granted to client_id"

    def _secrets(self) -> tuple[str, ...]:
        token = (self._headers or {}).get("Authorization", "").removeprefix("Bearer ")
        basic = _basic(self._settings.client_id, self._settings.client_secret)
        return (token, basic, self._settings.client_secret, self._settings.subscription_key or "")

    def _check_keys(self) -> None:
        for name in ("client_id", "client_secret", "subscription_key", "merchant_serial_number"):
            if not _fits_header(getattr(self._settings, name) or ""):
                raise KeysRefused(f"{name} holds a space, a line break or another character no key has; copy it again")

    def _request(self) -> tuple[str, dict[str, str], str | None]:
        headers = self._settings.system_headers()
        if self._settings.keys == "accounting":
            headers["Authorization"] = "Basic " + _basic(self._settings.client_id, self._settings.client_secret)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return ACCOUNTING_PATH, headers, "grant_type=client_credentials"
        headers |= {"client_id": self._settings.client_id, "client_secret": self._settings.client_secret}
        return MERCHANT_PATH, headers | self._merchant_headers(), None

    def _merchant_headers(self) -> dict[str, str]:
        wanted = {
            "Ocp-Apim-Subscription-Key": self._settings.subscription_key,
            "Merchant-Serial-Number": self._settings.merchant_serial_number,
        }
        return {name: value for name, value in wanted.items() if value}

    def _fetch(self, path: str, headers: Mapping[str, str], body: str | None) -> Mapping[str, str]:
        asked = time.monotonic()
        answer = self._transport.send("POST", path, headers, body)
        if answer.status in (400, 401, 403):
            raise self.refusal(answer)
        if answer.status == 429 or answer.status >= 500:
            raise TryAgain(f"no token, {self.words(answer)}", answer.retry_after())
        if answer.status != 200:
            raise ApiUnavailable(f"{path}: no token, {self.words(answer)}; check base_url and keys")
        return self._authorized(answer, asked)

    def _authorized(self, answer: Answer, asked: float) -> Mapping[str, str]:
        details = problem(answer)
        token = details.get("access_token")
        if not isinstance(token, str) or not token or not _fits_header(token):
            raise TryAgain("the token answer holds no usable access_token")
        life = _seconds(details.get("expires_in"))
        self._expires = asked + life - min(LARGEST_MARGIN, life / 10)
        merchant = self._merchant_headers() if self._settings.keys == "merchant" else {}
        return self._settings.system_headers() | merchant | {"Authorization": f"Bearer {token}"}


def _seconds(value: object) -> float:
    """Return a token's life; merchant keys get it as a text."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        return UNKNOWN_LIFE
    return float(value)


def _basic(client_id: str, client_secret: str) -> str:
    return base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


def _fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
