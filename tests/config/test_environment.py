"""Any key can be set in the environment."""

from datetime import date

import pytest

from settlement_bridge.config import LocalDestination, load
from tests.config.conftest import GOOD, Write, only_problem

P = "SETTLEMENT_BRIDGE_"


def test_text_is_taken_as_it_is_and_the_rest_as_toml(write: Write) -> None:
    environ = {
        f"{P}REPORT_API__CLIENT_ID": "123456",
        f"{P}REPORT_API__READ_TIMEOUT": "7.5",
        f"{P}SYNC__PARALLEL": "4",
        f"{P}SYNC__FIRST_DATE": "2026-03-01",
        f"{P}SYNC__LEDGERS": '["1", "2"]',
        f"{P}SYNC__SALES_UNITS__0": "16655",
        f"{P}SYNC__TIME_ZONE": "UTC",
        f"{P}LEDGERS__302321__SETTLEMENT": "net",
        f"{P}ORGANIZATIONS__998724341__NAME": "Blodsmak",
    }
    configuration = load(write(GOOD), environ)
    assert configuration.report_api.client_id == "123456"
    assert configuration.report_api.read_timeout == 7.5
    assert (configuration.sync.parallel, configuration.sync.first_date) == (4, date(2026, 3, 1))
    assert (configuration.sync.ledgers, configuration.sync.sales_units) == (("1", "2"), ("16655",))
    assert configuration.sync.time_zone.key == "UTC"
    assert configuration.ledgers["302321"].settlement == "Net"
    assert configuration.organizations["998724341"].name == "Blodsmak"


def test_tables_of_a_list_are_counted_from_zero(write: Write) -> None:
    file = write(GOOD + '[[destinations]]\nkind = "local"\npath = "/one"\n')
    environ = {
        f"{P}DESTINATIONS__0__MODE": "0600",
        f"{P}DESTINATIONS__1__KIND": "local",
        f"{P}DESTINATIONS__1__PATH": "/two",
    }
    first, second = load(file, environ).destinations
    assert isinstance(first, LocalDestination)
    assert isinstance(second, LocalDestination)
    assert (str(first.path), first.mode, str(second.path)) == ("/one", "0600", "/two")


def test_the_case_of_an_id_in_the_file_is_kept(write: Write) -> None:
    file = write(GOOD + "[ledgers.AB-1]\nfirst_payout = 1\n")
    assert load(file, {f"{P}LEDGERS__AB-1__FIRST_PAYOUT": "7"}).ledgers["AB-1"].first_payout == 7


def test_the_variable_is_named_where_its_value_is_wrong(write: Write) -> None:
    file = write(GOOD)
    assert only_problem(file, {f"{P}SYNC__PARALLEL": "many"}) == (
        f'{P}SYNC__PARALLEL: sync.parallel is "many"; set it to a whole number'
    )
    assert only_problem(file, {f"{P}SNYC__PARALLEL": "4"}) == (
        f"{P}SNYC__PARALLEL: snyc is not a known key; did you mean sync?"
    )


@pytest.mark.parametrize("index", ["2", "x", "-1", "9" * 5000])
def test_a_list_is_not_filled_with_holes(write: Write, index: str) -> None:
    problem = only_problem(write(GOOD), {f"{P}DESTINATIONS__{index}__PATH": "/x"})
    assert "use one from 0 to 0" in problem


def test_a_table_that_the_file_gives_as_text_is_not_mended(write: Write) -> None:
    file = write("sync = 'x'\n" + GOOD)
    assert 'sync is "x"; set it to a table' in only_problem(file, {f"{P}SYNC__PARALLEL": "4"})


def test_other_variables_of_the_project_are_left_alone(write: Write) -> None:
    load(write(GOOD), {f"{P}REFERENCE": "/x", f"{P}CONFIG": "/y", "PATH": "/bin"})


def test_bytes_that_are_no_text_are_refused(write: Write) -> None:
    problem = only_problem(write(GOOD), {f"{P}ISSUER__NAME": b"\xff".decode(errors="surrogateescape")})
    assert problem == f"{P}ISSUER__NAME is not UTF-8 text; set it again"
