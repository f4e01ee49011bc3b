"""Converts stored facts to those of ``domain.draws.eligibility``, for a second judgement. No database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.draws import eligibility
from domain.draws.record import SkipReason
from domain.draws.recusal_keys import unit_keys
from domain.person_names import name_key
from domain.spans import Span
from services.draws.call_order.recusal_commitment import SealedRecusal
from services.experts import times_of_facts

_CODES: Mapping[eligibility.Reason, SkipReason] = {
    "left_pool": "left_pool",
    "inactive": "inactive",
    "not_formal": "inactive",
    "term_over": "term_over",
    "over_age": "over_age",
    "unreachable": "unreachable",
    "recused_unit": "recused_late",
    "recused_person": "recused_late",
    "avoided_draw": "recused_late",
    "called_before": "called_before",
    "leave": "leave",
    "overlap": "overlap",
}
"""The record's codes for the rule's reasons."""


def candidate_of(pool: str, facts: Mapping[str, Any], at: Span) -> eligibility.Candidate:
    """``away`` holds what of the leaves lies in ``at``."""
    return eligibility.Candidate(
        pool=pool,
        name=facts["name"],
        id_number_hash=facts["id_number_hash"],
        region=facts["region"],
        specialties=frozenset(facts["specialties"]),
        formal=facts["standing"] == "formal",
        active=facts["active"],
        left=facts["left_at"] is not None,
        willing_regions=frozenset(facts["willing"]),
        title_level=facts["title_level"],
        qualifications=frozenset(facts["qualifications"]),
        department=facts["department"],
        emergency=facts.get("emergency", False),
        recusal_keys=frozenset(facts["recusal_keys"]),
        employments=tuple(
            eligibility.CandidateEmployment(frozenset(employment["keys"]), _moment(employment["until"]))
            for employment in facts["employments"]
        ),
        away=tuple(span for leave in facts["leaves"] for span in times_of_facts(leave).occurrences(at)),
        calls=tuple(
            eligibility.CandidateCall(UUID(call["draw"]), call["state"], _span(call)) for call in facts["calls"]
        ),
        term_until=_moment(facts["term_until"]),
        born_on=date.fromisoformat(facts["born_on"]) if facts["born_on"] else None,
        reachable=facts["reachable"],
        suspensions=tuple(
            eligibility.CandidateSuspension(datetime.fromisoformat(given["starts_at"]), _moment(given["ends_at"]))
            for given in facts.get("suspensions", ())  # earlier records tell only whether there was one, by ``active``
        ),
    )


def condition_of(
    pool: str, published: Mapping[str, Any], tier: str, setting: Mapping[str, str]
) -> eligibility.DrawCriteria:
    """A condition from its published form."""
    return eligibility.DrawCriteria(
        pool=pool,
        mode=published["mode"],
        regions=frozenset(published["regions"]),
        specialty=published["specialty" if tier == "main" else "alternative"],
        title_level=published["title_level"],
        qualification=published["qualification"],
        department=published["department"],
        age_max=int(setting["age_max"]) if setting["age_max"] else None,
        emergency=published.get("emergency") == "only",
        judged_at=_moment(setting.get("judged_at")),
    )


def recusals_of(
    draw_id: UUID, committed: Iterable[SealedRecusal], avoided: Iterable[UUID], setting: Mapping[str, str]
) -> eligibility.Recusals:
    """The recusals that a round committed to; ``avoided`` are the draws whose numbers it contains."""
    entries = [recusal.facts for recusal in committed]
    persons = [entry for entry in entries if entry["kind"] == "person"]
    named = [(name_key(person["name"]), person["unit"]) for person in persons if not person["id_number_hash"]]
    return eligibility.Recusals(
        draw_id=draw_id,
        employed_after=datetime.fromisoformat(setting["employed_after"]),
        unit_keys=frozenset(
            key for entry in entries if entry["kind"] == "unit" for key in unit_keys(entry["name"], entry["code"])
        ),
        id_number_hashes=frozenset(person["id_number_hash"] for person in persons if person["id_number_hash"]),
        pairs=frozenset((name, key) for name, unit in named for key in unit_keys(unit)),
        avoided_draws=frozenset(avoided),
    )


def span_of(setting: Mapping[str, str]) -> Span:
    return Span(datetime.fromisoformat(setting["starts_at"]), datetime.fromisoformat(setting["ends_at"]))


def find_wrongly_listed(
    pool: str,
    facts: Sequence[Mapping[str, Any]],
    condition: eligibility.DrawCriteria,
    recusals: eligibility.Recusals,
    at: Span,
) -> list[tuple[int, eligibility.Reason]]:
    """Candidates who should not have been listed, by index in the list, each with the reason."""
    judged = (
        (place, eligibility.check(candidate_of(pool, candidate, at), condition, recusals, at))
        for place, candidate in enumerate(facts)
    )
    return [(place, reason) for place, reason in judged if reason is not None]


def skip_reasons_of(
    pool: str,
    facts: Mapping[str, Any],
    condition: eligibility.DrawCriteria,
    recusals: eligibility.Recusals,
    at: Span,
) -> frozenset[SkipReason]:
    """Every coded reason for which an expert with these facts may be skipped."""
    bars = eligibility.find_bars(candidate_of(pool, facts, at), condition, recusals, at)
    return frozenset(_CODES[reason] for reason in bars if reason in _CODES)


def _span(facts: Mapping[str, str]) -> Span:
    return Span(datetime.fromisoformat(facts["starts_at"]), datetime.fromisoformat(facts["ends_at"]))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
