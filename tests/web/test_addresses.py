"""No form sends a mobile or an ID number within an address: those end in access logs and in the browser's history."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
_GET_FORM = re.compile(r"<form(?![^>]*(method=\"post\"|data-))[^>]*>.*?</form>", re.DOTALL)
_PERSONAL = re.compile(
    r"身份证|银行账|银行卡|按[^<]*手机号|placeholder=\"[^\"]*(手机|电话)|type=\"(tel|email|password)\"|name=\"(mobile|id_number|phone)"
)


def test_no_field_for_a_mobile_or_an_id_number_stands_in_a_form_that_makes_an_address() -> None:
    sources = {str(path.relative_to(TEMPLATES)): path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")}
    forms = [(name, form[0]) for name, source in sources.items() for form in _GET_FORM.finditer(source)]
    assert len(forms) > 20
    assert [(name, form[:120]) for name, form in forms if _PERSONAL.search(form)] == []
