"""What a reviewer sends back: places of the form and single files, each with his words, until they are corrected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.rulebook.book import Rulebook
from models.applications import Attachment
from models.reviews import ReviewTask
from services.applications.problems import place_of
from services.core.base import Deps


@dataclass(frozen=True)
class ReturnedPlace:
    """``place`` as problems name it: ``photo``, ``qualifications[2].proof``. ``file``: one of its files, by id.

    ``digest`` tells whether what stands there has changed since, ``at``.
    """

    place: str
    label: str
    words: str
    file: UUID | None
    digest: str
    at: datetime

    @property
    def code(self) -> str:
        """The form's field."""
        return _code(self.place)

    @property
    def text(self) -> str:
        """``职称证书：扫描件不清晰``"""
        return f"{self.label}：{self.words}" if self.words else self.label


@dataclass(frozen=True)
class ReturnedField:
    """A place that was sent back, for the applicant's form."""

    place: Annotated[str, Field(examples=["title_proof"])]
    label: str
    words: str
    file: Annotated[UUID | None, Field(description="One of its files; the others are not concerned")]
    mended: Annotated[bool, Field(description="What stood there was changed or replaced since")]


def stored_place(
    deps: Deps,
    code: str,
    words: str,
    values: Mapping[str, object],
    files: Sequence[Attachment],
    file: Attachment | None = None,
) -> dict[str, str]:
    """A place as a task stores it: a field by its ``code``, or one of its ready files."""
    return {
        "place": place_of(file.field, file.row) if file else code,
        "file": str(file.id) if file else "",
        "name": file.filename if file else "",
        "words": words,
        "digest": _digest(deps, code, values, files),
    }


def returned_places(book: Rulebook, tasks: Sequence[ReviewTask]) -> tuple[ReturnedPlace, ...]:
    """The places at which these decisions point, in their order, each once; without fields that the form has lost."""
    places: dict[tuple[str, UUID | None], ReturnedPlace] = {}
    for task in sorted(tasks, key=lambda task: (task.decided_at or task.opened_at, task.specialty)):
        for stored in task.returned:
            place = _place(book, stored, task.decided_at or task.opened_at)
            if place is None:
                continue
            key = (place.place, place.file)
            earlier = places.get(key)
            if earlier and place.words not in earlier.words:
                place = replace(place, words="；".join(filter(None, (earlier.words, place.words))))
            places[key] = place
    return tuple(places.values())


def show_returned(
    deps: Deps, places: Sequence[ReturnedPlace], values: Mapping[str, object], files: Sequence[Attachment]
) -> tuple[ReturnedField, ...]:
    """With whether each was corrected: a value is another one, a file was replaced."""
    ready = [file for file in files if file.state == "ready"]
    return tuple(
        ReturnedField(place.place, place.label, place.words, place.file, mended=_is_mended(deps, place, values, ready))
        for place in places
    )


def _is_mended(deps: Deps, place: ReturnedPlace, values: Mapping[str, object], ready: Sequence[Attachment]) -> bool:
    if place.file is None:
        return _digest(deps, _code(place.place), values, ready) != place.digest
    if any(file.id == place.file for file in ready):
        return False
    return any(place_of(file.field, file.row) == place.place and file.created_at > place.at for file in ready)


def _digest(deps: Deps, code: str, values: Mapping[str, object], files: Sequence[Attachment]) -> str:
    """A keyed digest of a field's value and files, so that a task holds no personal data."""
    attached = sorted((file.field, file.row, file.key) for file in files if _code(file.field) == code)
    content = json.dumps([values.get(code), attached], ensure_ascii=False, sort_keys=True)
    return deps.keys.lookup_hash("returned", content)


def _place(book: Rulebook, stored: Mapping[str, Any], at: datetime) -> ReturnedPlace | None:
    place, code = stored["place"], _code(stored["place"])
    if code not in book.form.used():  # the rulebook has dropped it since: nothing can be mended there
        return None
    file = UUID(stored["file"]) if stored["file"] else None
    return ReturnedPlace(place, _label(book, place, stored["name"]), stored["words"], file, stored["digest"], at)


def _label(book: Rulebook, place: str, filename: str) -> str:
    """``职称证书“旧.jpg”``, ``执业资格第2条证书“旧.jpg”``"""
    code, _, rest = place.partition("[")
    field = book.form.fields[code]
    label = field.label
    if rest:
        row, _, column = rest.partition("].")
        part = field.parts.get(column)
        label = f"{label}第{int(row) + 1}条{part.label if part else ''}"
    return f"{label}“{filename}”" if filename else label


def _code(place: str) -> str:
    """The form's field of a place or of a file's ``records.column``."""
    return place.partition("[")[0].partition(".")[0]
