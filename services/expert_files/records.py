"""What the columns of an expert say as values of a file: for experts who were in the pool before there were files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.clock import local
from models.experts import Employment, Expert
from services.core.base import Deps


def record_values(deps: Deps, expert: Expert, jobs: Sequence[Employment]) -> dict[str, object]:
    """Field of the file → value; fields about which the columns say nothing are missing."""
    present = max((job for job in jobs if job.until is None), key=_begin, default=None)
    own = present.unit_keys if present and deps.book(expert.pool).form.own_employer_recused else []
    values: dict[str, object] = {
        "number": expert.number,
        "name": expert.name,
        "id_number": deps.keys.open_text(expert.id_number_sealed, "id_number"),
        "mobile": deps.keys.open_text(expert.mobile_sealed, "mobile"),
        "membership": expert.membership_status,
        "term_until": expert.term_until.isoformat() if expert.term_until else None,
        "left_reason": expert.left_reason if expert.left_at else None,
        "region": expert.permanent_region,
        "specialties": [{"code": code, "choice": "preferred"} for code in expert.specialties],
        "title_level": expert.title_level,
        "qualifications": [{"code": code} for code in expert.qualifications],
        "department": expert.department,
        "remote_evaluation": expert.remote_evaluation,
        "emergency": expert.emergency,
        "willing_regions": list(expert.willing_regions),
        "recusal_units": [_unit_of(key) for key in expert.recusal_keys if key not in own],
        "employer": present.unit_name if present else None,
        "employer_code": present.credit_code if present else None,
        "employed_since": _day(present.since) if present else None,
        "former_units": [_former(job) for job in jobs if job is not present],
    }
    return {code: value for code, value in values.items() if value not in (None, "", [])}


def _begin(job: Employment) -> tuple[bool, datetime | None, str]:
    return (job.since is not None, job.since, job.unit_name)


def _former(job: Employment) -> Mapping[str, object]:
    """Without an end for a second present employment, which a file of before could hold."""
    return {
        "name": job.unit_name,
        "code": job.credit_code,
        "since": _day(job.since) or "",
        "until": _day(job.until) or "",
    }


def _unit_of(key: str) -> Mapping[str, str]:
    """A recusal unit of which only a look-up key is known."""
    kind, _, text = key.partition(":")
    return {"name": text if kind == "name" else "", "code": text if kind == "code" else ""}


def _day(at: datetime | None) -> str | None:
    return local(at).date().isoformat() if at else None
