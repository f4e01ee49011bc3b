"""The template filter ``table_cards``: a table that a phone shows as cards, a card for each row.

``{% filter table_cards %}<table>…</table>{% endfilter %}`` names each cell by its column (``data-label``) and adds the
class ``cards``, by which ``page.css`` lays it out where it is narrow. In a ``td`` a ``div`` holds the content, so that
it stands beside the name. The roles are written out since browsers forget them when ``display`` changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markupsafe import Markup, escape

_TAG = re.compile(r"<(/?)(table|thead|tbody|tfoot|tr|th|td)\b([^<>]*)>")
_INNER_TAG = re.compile(r"<[^<>]*>")
_CLASS = re.compile(r'\bclass="([^"]*)"')
_ROWSPAN = re.compile(r'\browspan="(\d+)"')


@dataclass
class _Table:
    """What has been read of a table: its ``columns``, the place in the row, and the rows that cells still span."""

    columns: list[str] = field(default_factory=list)
    in_head: bool = False
    place: int = 0
    spans: dict[int, int] = field(default_factory=dict)

    def next_cell(self, rowspan: int) -> str:
        """The column's name of a cell that begins here."""
        while self.spans.get(self.place, 0):
            self.spans[self.place] -= 1
            self.place += 1
        if rowspan > 1:
            self.spans[self.place] = rowspan - 1
        name = self.columns[self.place] if self.place < len(self.columns) else ""
        self.place += 1
        return name


def table_cards(markup: str) -> Markup:
    """The table with named cells."""
    return Markup("".join(_rewrite(str(markup))))  # noqa: S704  # rendered by a template, names are escaped


def _rewrite(text: str) -> Iterator[str]:
    table, done = _Table(), 0
    for tag in _TAG.finditer(text):
        yield text[done : tag.start()]
        closing, name, attributes = tag.groups()
        if name == "thead":
            table.in_head = not closing
        if closing:
            yield f"</div>{tag[0]}" if name == "td" else tag[0]
        else:
            yield _open_tag(table, name, attributes, text, tag.end())
        done = tag.end()
    yield text[done:]


def _open_tag(table: _Table, name: str, attributes: str, text: str, end: int) -> str:
    if name == "table":
        return f'<table{_with_class(attributes)} role="table">'
    if name == "tr":
        table.place = 0
        return f'<tr{attributes} role="row">'
    if name not in ("th", "td"):
        return f'<{name}{attributes} role="rowgroup">'
    if table.in_head:
        table.columns.append(_words(text[end : text.index("</th>", end)]))
        return f'<th{attributes} role="columnheader">'
    spanned = _ROWSPAN.search(attributes)
    label = table.next_cell(int(spanned[1]) if spanned else 1)
    if name == "th":
        return f'<th{attributes} role="rowheader" data-label="{label}">'
    return f'<td{attributes} role="cell" data-label="{label}"><div>'


def _with_class(attributes: str) -> str:
    if _CLASS.search(attributes):
        return _CLASS.sub(r'class="\1 cards"', attributes, count=1)
    return f'{attributes} class="cards"'


def _words(markup: str) -> str:
    """A heading's words, as an attribute holds them: they are escaped already, but for quotation marks."""
    return str(escape(Markup(_INNER_TAG.sub("", markup)).unescape().strip()))  # noqa: S704
