"""The two kinds of keys, and the tokens they buy."""

from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from time import monotonic, time
from urllib.parse import parse_qs

from settlement_bridge.sandbox.answers import Answer, Request, json_answer, unauthorized

MERCHANT_LIFETIME = 24 * 3600
ACCOUNTING_LIFETIME = 15 * 60
_MOST_TOKENS = 100_000


@dataclass(frozen=True)
class Keys:
    """Everything a client needs; merchant keys first, then those of an accounting partner. They open nothing real."""

    client_id: str = "6f3c1b52-5b0e-4c1e-9d8a-5a4d0b0e0001"
    client_secret: str = field(default="sandbox-merchant-secret", repr=False)
    subscription_key: str = field(default="sandbox-subscription-key", repr=False)
    accounting_client_id: str = "6f3c1b52-5b0e-4c1e-9d8a-5a4d0b0e0002"
    accounting_client_secret: str = field(default="sandbox-accounting-secret", repr=False)


class TokenDesk:
    """Hands out tokens and knows which are good. Lifetimes in seconds; None means as long as in production."""

    def __init__(self, keys: Keys, lifetime: float | None = None) -> None:
        self._keys = keys
        self._lifetime = lifetime
        self._lock = Lock()
        self._tokens: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self.requests = 0
        """How many times a token was asked for."""

    def for_merchant(self, request: Request) -> Answer:
        """Answer `POST /accesstoken/get`; `expires_in` is a string there."""
        self._count()
        headers, keys = request.headers, self._keys
        self._check_subscription(request)
        if headers.get("client_id") != keys.client_id:
            raise unauthorized(f"There is no client with the client_id {headers.get('client_id')!r}.")
        if headers.get("client_secret") != keys.client_secret:
            raise unauthorized("The client_secret is not the one that belongs to this client_id.")
        token, lifetime = self._issue(MERCHANT_LIFETIME, merchant=True)
        now = int(time())
        members = {
            "token_type": "Bearer",
            "expires_in": str(lifetime),
            "ext_expires_in": str(lifetime),
            "expires_on": str(now + lifetime),
            "not_before": str(now),
            "resource": "00000002-0000-0000-c000-000000000000",
            "access_token": token,
        }
        return json_answer(200, members)

    def for_accounting(self, request: Request) -> Answer:
        """Answer `POST /miami/v1/token`; `expires_in` is a number there."""
        self._count()
        if parse_qs(request.body.decode("ascii", "replace")).get("grant_type") != ["client_credentials"]:
            message = "The body must be the form grant_type=client_credentials."
            return json_answer(400, {"error": "unsupported_grant_type", "error_description": message})
        client_id, client_secret = _basic(request.headers.get("Authorization", ""))
        if client_id != self._keys.accounting_client_id:
            raise unauthorized(f"There is no accounting partner with the client_id {client_id!r}.")
        if client_secret != self._keys.accounting_client_secret:
            raise unauthorized("The client_secret is not the one that belongs to this client_id.")
        token, lifetime = self._issue(ACCOUNTING_LIFETIME, merchant=False)
        return json_answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime})

    def check(self, request: Request) -> None:
        """Refuse a request without a good token; one bought with merchant keys needs the subscription key as well."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("The Authorization header must be a Bearer token.")
        with self._lock:
            expires, merchant = self._tokens.get(token, (0.0, False))
        if monotonic() >= expires:
            raise unauthorized("The access token is unknown or has expired.")
        if merchant:
            self._check_subscription(request)

    def revoke_all(self) -> None:
        """Make every token handed out so far worthless."""
        with self._lock:
            self._tokens.clear()

    def _count(self) -> None:
        with self._lock:
            self.requests += 1

    def _check_subscription(self, request: Request) -> None:
        if request.headers.get("Ocp-Apim-Subscription-Key") != self._keys.subscription_key:
            raise unauthorized("Access denied due to a missing or invalid Ocp-Apim-Subscription-Key.")

    def _issue(self, usual: int, merchant: bool) -> tuple[str, int]:
        lifetime = usual if self._lifetime is None else self._lifetime
        token = f"eyJ{token_urlsafe(48)}"
        with self._lock:
            self._tokens[token] = (monotonic() + lifetime, merchant)
            if len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
        return token, int(lifetime)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, _, client_secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (client_id, client_secret) if scheme.lower() == "basic" else ("", "")
