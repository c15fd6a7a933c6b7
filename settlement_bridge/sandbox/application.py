"""From a request to its answer: who may ask, which dialect answers, and what is to go wrong on the way."""

from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Literal

from settlement_bridge.sandbox import v1, v2
from settlement_bridge.sandbox.answers import Answer, Page, Refusal, Request, json_answer, problem
from settlement_bridge.sandbox.faults import Fault, FaultPlan, Mix, RequestFaults
from settlement_bridge.sandbox.ledgers import ledgers_page
from settlement_bridge.sandbox.registers import RegisterDesk
from settlement_bridge.sandbox.tokens import TokenDesk
from settlement_bridge.sandbox.view import View

Dialect = Literal["v1", "v2"]

_SYSTEM_HEADERS = (
    "Vipps-System-Name",
    "Vipps-System-Version",
    "Vipps-System-Plugin-Name",
    "Vipps-System-Plugin-Version",
)
_LONGEST_SYSTEM_HEADER = 30


class Application:
    """The Report API of one world, in one dialect, and beside it the registers of its organizations."""

    def __init__(
        self, view: View, dialect: Dialect, tokens: TokenDesk, faults: Iterable[Fault], mix: Mix | None = None
    ) -> None:
        self.view = view
        self.plan = FaultPlan(faults, mix)
        self._dialect = dialect
        self._tokens = tokens
        self._registers = RegisterDesk(view.world)
        self._lock = Lock()
        self._given: dict[tuple[str, str], int] = {}

    def answer(self, faults: RequestFaults) -> Answer:
        """Return the answer to a request, with the faults that are due."""
        request = faults.on_request()
        instead = faults.on_answer()
        if instead is not None:
            fault, answer = instead
            if answer.status == 401 and fault.options.get("tokens") != "kept":
                self._tokens.revoke_all()
            return answer
        try:
            return self._answer(request, faults)
        except Refusal as refusal:
            return refusal.answer

    def _answer(self, request: Request, faults: RequestFaults) -> Answer:
        match request.path:
            case ("accesstoken", "get"):
                _only(request, "POST")
                return self._tokens.for_merchant(request)
            case ("miami", "v1", "token"):
                _only(request, "POST")
                return self._tokens.for_accounting(request)
            case ("enhetsregisteret", "api", "enheter" | "underenheter" as kind, number):
                _only(request, "GET")
                return self._registers.entity(kind, number)
            case ("opendata-ytj-api", "v3", "companies"):
                _only(request, "GET")
                return self._registers.companies(request)
            case _:
                page = self._page(request)
                return faults.on_page(self._noting(page)).answer()

    def _page(self, request: Request) -> Page:
        match request.path:
            case ("settlement", "v1", "ledgers"):
                self._admit(request)
                return ledgers_page(self.view, self._dialect, request)
            case ("report", "v1", "ledgertransactions"):
                self._admit(request)
                self._still_there(request)
                return v1.transactions_page(self.view, request)
            case ("report", "v2", "ledgers", ledger_id, topic, "feed") if self._dialect == "v2":
                self._admit(request)
                return v2.feed_page(self.view, request, ledger_id, topic)
            case ("report", "v2", "ledgers", ledger_id, topic, "dates", day) if self._dialect == "v2":
                self._admit(request)
                return v2.date_page(self.view, request, ledger_id, topic, day)
            case _:
                raise problem(request, 404, f"There is nothing at {request.target.partition('?')[0]}.")

    def _admit(self, request: Request) -> None:
        _only(request, "GET")
        self._tokens.check(request)
        for name in _SYSTEM_HEADERS:
            if len(request.headers.get(name, "")) > _LONGEST_SYSTEM_HEADER:
                raise problem(request, 400, f"The header {name} is longer than {_LONGEST_SYSTEM_HEADER} characters.")

    def _still_there(self, request: Request) -> None:
        if self._dialect == "v2":
            detail = "This endpoint was removed in May 2024. Use /report/v2/ledgers/{ledgerId}/{topic}/feed instead."
            raise problem(request, 410, detail)

    def _noting(self, page: Page) -> Page:
        """Return the page with the count of rows given before, and count its own."""
        with self._lock:
            given = self._given.get(page.source, 0)
            self._given[page.source] = max(given, page.start + len(page.items))
        return replace(page, given=given)


def _only(request: Request, method: str) -> None:
    if request.method != method:
        members = {"code": "MethodNotAllowed", "message": f"{request.method} is not allowed here, only {method}."}
        raise Refusal(replace(json_answer(405, members), headers=(("Allow", method),)))
