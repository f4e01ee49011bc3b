"""Alarms about our own side at a vendor: one each, until it works again."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from domain.errors import NeedsOperator
from gateways.operator_faults import OperatorFaults

SIGNATURE = NeedsOperator("SIGNERROR", account_wide=True)
RIGHT = NeedsOperator("NOAUTH")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def faults(registry: CollectorRegistry) -> OperatorFaults:
    return OperatorFaults(registry)


def present_faults(registry: CollectorRegistry) -> list[str]:
    """Calls with an alarm; an empty one: the account."""
    return sorted(
        sample.labels["call"] for metric in registry.collect() for sample in metric.samples if sample.value == 1
    )


def test_a_wrong_signature_is_one_alarm_for_all_calls(faults: OperatorFaults, registry: CollectorRegistry) -> None:
    with capture_logs() as logs:
        for call in ("refund", "order_query", "refund"):
            faults.note("pay", "19", call, SIGNATURE)
    assert [line["event"] for line in logs] == ["vendor_needs_operator"]
    assert present_faults(registry) == [""]
    with capture_logs() as logs:
        faults.note_success("pay", "19", "order_query")
        faults.note_success("pay", "19", "order_query")
    assert [line["event"] for line in logs] == ["vendor_works_again"]
    assert present_faults(registry) == []


def test_a_missing_right_is_alarmed_until_that_call_succeeds(
    faults: OperatorFaults, registry: CollectorRegistry
) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            faults.note("pay", "19", "invoice_issue", RIGHT)
            faults.note_success("pay", "19", "order_query")
    assert len(logs) == 1, "other calls succeed in between, and it is still one alarm"
    assert present_faults(registry) == ["invoice_issue"]
    faults.note_success("pay", "19", "invoice_issue")
    assert present_faults(registry) == []


def test_a_refused_object_shows_that_the_account_is_right(faults: OperatorFaults, registry: CollectorRegistry) -> None:
    faults.note("sms", "", "SendSms demo.draw_call", SIGNATURE)
    faults.note_refusal("sms", "")
    assert present_faults(registry) == []


def test_accounts_are_alarmed_apart(faults: OperatorFaults, registry: CollectorRegistry) -> None:
    for merchant in ("19", "20"):
        faults.note("pay", merchant, "refund", SIGNATURE)
    faults.note_success("pay", "20", "refund")
    assert present_faults(registry) == [""]
