"""Tables that a phone shows as cards: each cell is named by its column, in every template with a table."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment

from web.core.table_cards import table_cards

TEMPLATES = Path(__file__).parents[3] / "web" / "templates"
_TABLE = re.compile(r"(\{% filter table_cards %\})?<table\b.*?</table>(\{% endfilter %\})?", re.DOTALL)
_CELL = re.compile(r"<td\b[^>]*>")


def labels(markup: str) -> list[str]:
    return re.findall(r'data-label="([^"]*)"', markup)


def test_cells_are_named_by_their_columns_and_tags_keep_what_they_had() -> None:
    written = table_cards(
        '<table class="log"><thead><tr><th scope="col">编号</th><th scope="col">原因</th></tr></thead>'
        '<tbody><tr><th scope="row">7</th><td class="words">请假<br><small>生病</small></td></tr></tbody></table>'
    )
    assert labels(written) == ["编号", "原因"]
    assert '<table class="log cards" role="table">' in written
    assert '<td class="words" role="cell" data-label="原因"><div>请假<br><small>生病</small></div></td>' in written
    assert written.count('role="columnheader"') == 2


def test_a_cell_that_spans_rows_keeps_its_column() -> None:
    written = table_cards(
        "<table><thead><tr><th>章节</th><th>题型</th><th>合计</th></tr></thead><tbody>"
        '<tr><th rowspan="2">一</th><td>单选</td><td>3</td></tr><tr><td>多选</td><td>4</td></tr>'
        "<tr><th>二</th><td>判断</td><td>5</td></tr></tbody></table>"
    )
    assert labels(written) == ["章节", "题型", "合计", "题型", "合计", "章节", "题型", "合计"]


def test_what_people_typed_stays_escaped() -> None:
    environment = Environment(autoescape=True)
    environment.filters["table_cards"] = table_cards
    template = (
        "{% filter table_cards %}<table><thead><tr><th>{{ name }}</th></tr></thead>"
        "<tbody><tr><td>{{ name }}</td></tr></tbody></table>{% endfilter %}"
    )
    written = environment.from_string(template).render(name='"><td onclick="x">&lt;')
    assert written.count("<td") == 1
    assert labels(written) == ["&#34;&gt;&lt;td onclick=&#34;x&#34;&gt;&amp;lt;"]


def test_every_table_of_a_page_becomes_cards() -> None:
    """By the filter, or by a name in each cell that is not the card's heading or its button."""
    unnamed = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        for table in _TABLE.finditer(path.read_text(encoding="utf-8")):
            named = [cell for cell in _CELL.findall(table[0]) if "data-label=" in cell or "class=" in cell]
            if not (table[1] and table[2]) and named != _CELL.findall(table[0]):
                unnamed.append(path.relative_to(TEMPLATES).as_posix())
    assert unnamed == []
