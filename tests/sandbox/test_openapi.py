"""The sandbox answers as both OpenAPI documents say, whatever it is asked.

The documents are older than the data they describe; where the provider's own guide says otherwise the guide is
right, and the document is amended before it is compared.
"""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.deserialization import deserialize_yaml
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import Caller

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
EXAMPLES = 25


def amended(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what the guide adds: new entry types at any time, null handles and references."""
    transaction = document["components"]["schemas"]["Transaction"]["properties"]
    for name in ("entryType", "transactionType"):
        transaction.get(name, {}).pop("enum", None)
    for name in ("recipientHandle", "reference", "orderId"):
        transaction.get(name, {})["nullable"] = True
    del document["servers"]
    return document


def known_values(caller: Caller) -> dict[str, st.SearchStrategy[str]]:
    """Return what may stand for a parameter: mostly what exists, so that answers hold data."""
    ledger_ids = [ledger["ledgerId"] for ledger in caller.ledgers()]
    dates = st.dates().map(str) | st.sampled_from(["2026-11-20", "2026-11-21", "2026-11-22"])
    return {
        "ledgerId": st.sampled_from(ledger_ids) | st.sampled_from(["1", "x y"]),
        "topic": st.sampled_from(["funds", "fees"]),
        "inPayout": st.integers(2000001, 2000005).map(str),
        "sincePayout": st.integers(2000001, 2000005).map(str),
        **dict.fromkeys(("ledgerDate", "fromLedgerDate", "toLedgerDate"), dates),
    }


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_answers_are_as_the_document_says(reference: Path, call: type[Caller], dialect: Any) -> None:
    document = amended(
        deserialize_yaml((reference / "reference" / "report-api" / f"openapi-{dialect}.yaml").read_bytes())
    )
    schema = schemathesis.openapi.from_dict(document)
    with Sandbox(scenario("all", days=10), dialect=dialect, page_size=20) as sandbox:
        caller = call(sandbox)
        headers = {name: str(value) for name, value in caller.session.headers.items()}
        values = known_values(caller)
        seen: set[tuple[str, int]] = set()
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=result.ok().as_strategy(), data=st.data())
            def conforms(case: Any, data: st.DataObject) -> None:
                for given_values in (case.path_parameters, case.query):
                    for name in set(given_values or {}) & set(values):
                        given_values[name] = data.draw(values[name])
                case.headers = {}
                response = case.call(base_url=sandbox.url, headers=headers, timeout=5)
                seen.add((case.operation.path, response.status_code))
                case.validate_response(response, checks=CHECKS)

            conforms()
    gone = {("/report/v1/ledgertransactions", 410)} if dialect == "v2" else set()
    assert gone | {(path, 200) for path in document["paths"] if (path, 410) not in gone} <= seen
    assert {400, 404} <= {status for _, status in seen}
