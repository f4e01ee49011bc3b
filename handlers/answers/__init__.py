"""Answers to what people ask in their own words, by subject, and the intents that they answer (``config/intents/``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.router import Handler
from handlers.answers import (
    accounts,
    agencies,
    agency_draws,
    agency_panels,
    agency_rounds,
    application_fields,
    application_papers,
    application_states,
    applications,
    attendance,
    contacts,
    courses,
    exam_results,
    exams,
    fees,
    invitations,
    invoices,
    membership,
    panels,
    remuneration,
    staff,
    terms,
    times_off,
)

SUBJECTS = (
    accounts,
    agencies,
    agency_draws,
    agency_panels,
    agency_rounds,
    application_fields,
    application_papers,
    application_states,
    applications,
    attendance,
    contacts,
    courses,
    exam_results,
    exams,
    fees,
    invitations,
    invoices,
    membership,
    panels,
    remuneration,
    staff,
    terms,
    times_off,
)
ANSWERS: Mapping[str, Handler] = MappingProxyType(
    {intent_id: handler for subject in SUBJECTS for intent_id, handler in subject.ANSWERS.items()}
)
"""Handler by id of intent. An intent without one is answered as its declaration says."""
