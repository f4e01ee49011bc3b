"""What an application would change in the expert's file, for the applicant who is about to hand it in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from models.accounts import Account
from services.applications import get_own
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.reviews.application_view import FieldShown, SubmittedForm, read_form


@dataclass(frozen=True)
class FieldComparison:
    """A field that would change, in clear; ``stated``: what says something of the application alone."""

    code: str
    label: str
    change: Literal["filled", "changed", "emptied", "stated"]
    former: Annotated[tuple[str, ...], Field(description="What the file holds, in lines; empty: nothing")]
    value: Annotated[tuple[str, ...], Field(description="What would be filed, in lines; empty: nothing")]


@dataclass(frozen=True)
class OwnComparison:
    """``compared`` is false for a person without a file: there is nothing to compare with."""

    compared: bool
    changes: tuple[FieldComparison, ...]


@dataclass(frozen=True)
class OwnComparisons:
    deps: Deps

    async def read(self, actor: Actor, application_id: UUID) -> OwnComparison:
        """As reviewers will see it, but nothing masked. Raises NotFound for another person's application."""
        check(actor, "application.own")
        application = await get_own(actor, application_id)
        account = await Account.get(id=application.account_id)
        form = await read_form(self.deps, application, account, in_clear=True)
        return OwnComparison(form.compared, tuple(_changes(form)) if form.compared else ())


def _changes(form: SubmittedForm) -> Iterator[FieldComparison]:
    for field in form.changed:
        if field.former is not None and field.change:
            yield FieldComparison(field.code, field.label, field.change, _lines(field.former), _lines(field))
    for field in form.stated:
        if not field.is_empty:
            yield FieldComparison(field.code, field.label, "stated", (), _lines(field))


def _lines(field: FieldShown) -> tuple[str, ...]:
    """Records a line each, then the names of files."""
    texts = [" · ".join(part for part in row if part) for row in field.rows] or field.text.splitlines()
    return (*texts, *(file.filename for file in field.files))
