"""Texts that the office words itself (文字与电话): what holds, editing with a preview, history, and the way back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from domain.errors import InvalidInput, NotFound
from domain.rulebook.office_texts import GROUPS, PRIVACY, OfficeText, Value, value_of
from services.core.base import Actor
from services.office import Place
from services.office_texts import REASON_MAX, TextView
from web.core.form_values import FormValues
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Version
from web.office.base import OfficePart
from web.office.region_lines import print_regions, read_regions
from web.office.text_edits import RestoreForm

_LONGEST = 256 * 1024
"""Bytes: thirty questions with answers of five hundred characters, nine bytes each as sent."""
_ROWS_MAX = 30
_FORMS = frozenset({"line", "phone", "paragraphs", "lines", "regions", "questions"})
"""Forms of texts that this page edits; venues have a page of their own."""
_BETWEEN_WORDS = re.compile(r"[\s、，,；;]+")
_KEEP_TYPED = frozenset({"preview", "publish", "more"})
"""Commands of the form with the value: what was typed is shown again."""
_PREVIEW_FIRST = "preview_first"


@dataclass(frozen=True)
class _Edit:
    """``seen``: the newest version that the page showed; ``previewed``: mark of the value that the preview showed."""

    reason: str
    seen: Annotated[int, Version()]
    previewed: str


@dataclass(frozen=True)
class _Seen:
    seen: Annotated[int, Version()]
    reason: str


class TextPages(OfficePart):
    code = "texts"
    action = "text.manage"

    @page("/office/texts", "office/texts.html")
    async def texts(self, visit: Visit) -> Mapping[str, object]:
        listed = await self.services.office_texts.texts.list(visit.actor)
        views = [view for view in listed if view.text.form in _FORMS]
        return {
            "groups": [(name, [view for view in views if view.text.group == group]) for group, name in GROUPS.items()],
            "brief": _brief,
        }

    @page("/office/texts/{code}", "office/text.html", longest=_LONGEST)
    async def text(self, visit: Visit) -> Mapping[str, object]:
        view = await self._view(visit)
        places = await self._places(visit.actor, view.text)
        form = visit.form
        if form.value("command") not in _KEEP_TYPED:
            form = FormValues({**_typed(view, places), **form.values}, form.error)
        return {
            "f": form,
            "seen": view.version if _was_overtaken(form) else form.value("seen") or view.version,
            "view": view,
            "text": view.text,
            "names": {place.code: place.name for place in places},
            "row_count": _row_count(form),
            "rows_max": _ROWS_MAX,
            "reason_max": REASON_MAX,
            "asks_consent": view.text is PRIVACY,
            **(await self._previewed(visit) if _needs_preview(form) else {"preview": None, "mark": ""}),
        }

    @text.command(_Edit, "preview")
    async def preview(self, visit: Visit, form: _Edit) -> Mapping[str, object]:
        return await self._previewed(visit)

    @text.command(_Edit, "publish", note="已发布，几秒内各处生效。")
    async def publish(self, visit: Visit, form: _Edit) -> None:
        """Only what the preview showed is published."""
        view = await self._view(visit)
        if form.previewed != (await self._previewed(visit))["mark"]:
            raise InvalidInput("内容和预览的不一样，请看过新的预览再发布。", code=_PREVIEW_FIRST)
        await self.services.office_texts.texts.publish(
            visit.actor,
            view.text.code,
            await self._value(visit, view.text),
            reason=form.reason,
            seen=form.seen,
            key=visit.key,
        )

    @text.command(_Edit, "more")
    async def more(self, visit: Visit, form: _Edit) -> Mapping[str, object]:
        """A further row for a question."""
        return {"row_count": min(_row_count(visit.form) + 1, _ROWS_MAX)}

    @text.command(RestoreForm, "restore", note="已恢复这个版本，几秒内各处生效。")
    async def restore(self, visit: Visit, form: RestoreForm) -> Redirect:
        view = await self._view(visit)
        await self.services.office_texts.texts.restore(
            visit.actor, view.text.code, form.id, seen=form.seen, key=visit.key
        )
        return Redirect(f"/office/texts/{view.text.code}")

    @text.command(_Seen, "reset", note="已恢复规则手册的内容，几秒内各处生效。")
    async def reset(self, visit: Visit, form: _Seen) -> Redirect:
        view = await self._view(visit)
        await self.services.office_texts.texts.publish(
            visit.actor, view.text.code, None, reason=form.reason, seen=form.seen, key=visit.key
        )
        return Redirect(f"/office/texts/{view.text.code}")

    # ---- between form and service

    async def _view(self, visit: Visit) -> TextView:
        view = await self.services.office_texts.texts.get(visit.actor, visit.request.match_info["code"])
        if view.text.form not in _FORMS:
            raise NotFound("这一项在其他页面修改，请返回列表。", code="text_unknown")
        return view

    async def _places(self, actor: Actor, text: OfficeText) -> Sequence[Place]:
        return await self.services.office.dashboard.places(actor) if text.form == "regions" else ()

    async def _value(self, visit: Visit, text: OfficeText) -> Value:
        """The value as typed. Raises InvalidInput for an unknown region."""
        typed = visit.fields.get("value", "").replace("\r\n", "\n")
        if text.form == "lines":
            return typed.splitlines()
        if text.form == "regions":
            return read_regions(await self._places(visit.actor, text), typed, "value")
        if text.form == "questions":
            return [_question(visit.form, row) for row in range(1, _row_count(visit.form) + 1)]
        return typed

    async def _previewed(self, visit: Visit) -> dict[str, object]:
        """What the page shows of the typed value. Raises InvalidInput with all its faults."""
        text = (await self._view(visit)).text
        typed = await self._value(visit, text)
        value = value_of(self.services.office_texts.texts.preview(visit.actor, text.code, typed), text)
        return {"preview": value, "mark": _mark(value)}


def _was_overtaken(form: FormValues) -> bool:
    """Another edit came first: the page shows it now, and the next try knows of it."""
    return form.error is not None and form.error.code == "text_changed"


def _needs_preview(form: FormValues) -> bool:
    return form.error is not None and form.error.code == _PREVIEW_FIRST


def _row_count(form: FormValues) -> int:
    count = form.value("rows")
    return min(int(count), _ROWS_MAX) if count.isascii() and count.isdigit() and len(count) < 4 else 0


def _question(form: FormValues, row: int) -> dict[str, object]:
    words = [word for word in _BETWEEN_WORDS.split(form.value(f"words-{row}")) if word]
    return {
        "question": form.value(f"question-{row}").strip(),
        "answer": form.value(f"answer-{row}").replace("\r\n", "\n").strip(),
        "words": words,
    }


def _typed(view: TextView, places: Sequence[Place]) -> dict[str, str]:
    """The value that holds, as the form's fields."""
    value, form = view.value, view.text.form
    if form == "questions" and isinstance(value, list):
        rows = {f"{name}-{row}": _cell(entry[name]) for row, entry in enumerate(value, 1) for name in entry}
        return {**rows, "rows": str(min(len(value) + 1, _ROWS_MAX))}
    if form == "regions" and isinstance(value, Mapping):
        return {"value": print_regions(places, value)}
    return {"value": "\n".join(value) if isinstance(value, list) else str(value)}


def _cell(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _brief(value: Value) -> str:
    """The beginning of a value, for the list."""
    if isinstance(value, Mapping):
        return f"{len(value)}个地区" if value else ""
    if isinstance(value, list):
        return "；".join(entry if isinstance(entry, str) else str(entry["question"]) for entry in value)
    return str(value)


def _mark(value: Value) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
