"""A contact per region, typed into one box: a line each, the region's name, a blank, the contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.errors import InvalidInput
from services.office import Place


def read_regions(places: Sequence[Place], text: str, field: str) -> dict[str, str]:
    """Contacts by code of a region, which a line names or gives as its code. Raises InvalidInput."""
    codes = {place.name: place.code for place in reversed(places)} | {place.code: place.code for place in places}
    contacts: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, contact = line.replace("：", " ").replace(":", " ", 1).partition(" ")
        if name not in codes:
            raise InvalidInput(f"没有“{name[:20]}”这个地区，请写地区全称，如“广州市”。", field=field)
        if not contact.strip():
            raise InvalidInput(f"请在“{name}”后面空一格，写上咨询方式。", field=field)
        contacts[codes[name]] = contact.strip()
    return contacts


def print_regions(places: Sequence[Place], contacts: Mapping[str, str]) -> str:
    """The same lines again."""
    names = {place.code: place.name for place in places}
    return "\n".join(f"{names.get(code, code)} {contact}" for code, contact in contacts.items())
