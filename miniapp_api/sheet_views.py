"""How the API shows an application to those who review it or look after the pool."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.schema import Moment, Output


class SheetFileOut(Output):
    """An attachment; its pictures and the file itself are under `/attachments`.

    `covered`: sensitive, to be loaded only when the person asks for it, since every opening is logged.
    """

    id: UUID
    field: str
    row: int
    filename: str
    media_type: str
    size: int
    picture: bool
    taken_over: bool = Field(description="From an earlier application of the same person")
    covered: bool


class SheetFieldOut(Output):
    """A field in words. `hidden`: the text is masked, see `revelations`; `columns` and `rows` are of records."""

    code: str
    label: str
    kind: str
    text: str
    hidden: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    files: tuple[SheetFileOut, ...]


class SheetSectionOut(Output):
    code: str
    title: str
    fields: tuple[SheetFieldOut, ...]


class SheetOut(Output):
    sections: tuple[SheetSectionOut, ...]


class SheetLogOut(Output):
    """A line of the review log, by departments. `event` is a code."""

    at: Moment
    event: str
    who: str
    step_name: str
    specialty: str
    specialty_name: str
    opinion: str
