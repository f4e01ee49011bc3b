"""A file that was chosen arrives with whatever button sends its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
_FORM = re.compile(r"<form\b(?P<tag>.*?)>(?P<content>.*?)</form>", re.DOTALL)
_CHOOSES = re.compile(r'<input\b(?=[^<]*\bname="file")(?=[^<]*\btype="file")')
_BUTTON = re.compile(r"<button\b(?P<tag>.*?)>", re.DOTALL)
_MULTIPART = 'enctype="multipart/form-data"'
_PLAIN = 'formenctype="application/x-www-form-urlencoded"'
NEEDS_NO_FILE = {"remove"}
"""Commands that a file plays no part in."""


def forms_with_files() -> Iterator[tuple[str, str, str]]:
    """Template, tag and content of each form in which a file is chosen."""
    for template in sorted(TEMPLATES.rglob("*.html")):
        text = re.sub(r"\{%.*?%\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
        for form in _FORM.finditer(text):
            if _CHOOSES.search(form["content"]):
                yield template.relative_to(TEMPLATES).as_posix(), form["tag"], form["content"]


def test_every_button_of_a_form_with_a_file_sends_the_file() -> None:
    forms = list(forms_with_files())
    assert len(forms) > 12
    assert [name for name, tag, _ in forms if _MULTIPART not in tag] == []
    leave_it_behind = {
        (name, re.search(r'value="(\w*)"', button["tag"]))
        for name, _, content in forms
        for button in _BUTTON.finditer(content)
        if _PLAIN in button["tag"] or "elsewhere" in button["tag"]
    }
    assert {command[1] if command else "" for _, command in leave_it_behind} <= NEEDS_NO_FILE
