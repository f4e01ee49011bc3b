"""A form that is sent empty names every field that it demands, all at once, each beside its field.

The forms are those of the pages that each role reaches by links. Each declared command whose form has several fields
must be among them, or stand in ``ELSEWHERE``.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from html.parser import HTMLParser
from typing import Any

from aiohttp import FormData

from tests.drivers.pages import PUBLIC_URL
from tests.factories.applications import make_campaign
from tests.factories.courses import School
from tests.factories.exams import make_exam
from tests.factories.reviews import make_application
from tests.web.conftest import Visitor, World
from tests.web.office_scene import paid, refund
from tests.web.owned_rows import make_owned_rows
from tests.web.test_every_page_is_linked import canonical
from tests.web.test_page_permissions import people
from web.core.pages import PageGroup, declared_pages

_FAULT = re.compile(r'id="e-([^"]+)"\s+role="alert"')
_ENOUGH = 3
"""Pages of one kind that are opened."""
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("/h5/login/password", ""): "nobody is told which of the two is wrong",
    ("/h5/{pool}/account/password", ""): "an empty repetition is no fault beside an empty password",
    ("/agency/draws/new", "copy"): "the fields are those of the button beside it",
    ("/h5/{pool}/exams/{}", ""): "one sentence names both ticks",
    ("/office/exams/{}/candidates/{}", "allow"): "an empty number is 0",
    ("/office/venues/new", "preview"): "a preview needs no reason",
}
"""Commands that need not name all demanded fields, each with the reason."""
OPTIONAL = frozenset({"blueprint_id"})
"""Lists that say 请选择, but whose choice a draft may lack."""
_AGENCY, _OFFICE = "tests/web/agency/test_empty_forms.py", "tests of this noun in tests/web/office"
_AFTER_CODE = "stands behind a code by SMS: tests/web/accounts"
ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("/agency/draws/{}/basic", "save"): _AGENCY,
    ("/agency/draws/{}/conditions/{}", "preview"): _AGENCY,
    ("/agency/draws/{}/conditions/{}", "save"): _AGENCY,
    ("/agency/draws/{}/notices/{}", "preview"): _AGENCY,
    ("/agency/draws/{}/notices/{}", "save"): _AGENCY,
    ("/agency/draws/{}/notify", "note"): "the time counts only for an expert who comes",
    ("/agency/draws/{}/recall", ""): _AGENCY,
    ("/agency/draws/{}/recusal", "person"): _AGENCY,
    ("/agency/draws/{}/recusal", "unit"): _AGENCY,
    ("/agency/draws/{}/redraw", ""): _AGENCY,
    ("/agency/draws/{}/release", "submit"): _AGENCY,
    ("/agency/draws/{}/remuneration", "all"): "tests/services/remuneration",
    ("/agency/draws/{}/remuneration", "chosen"): "tests/services/remuneration",
    ("/agency/draws/{}/run", "supplement"): _AGENCY,
    ("/agency/draws/{}/run", "widen"): _AGENCY,
    ("/agency/draws/{}/submit", "submit"): _AGENCY,
    ("/agency/projects/{}", "lot"): _AGENCY,
    ("/agency/projects/{}", "save"): _AGENCY,
    ("/draws/{}/remuneration", "propose"): "tests/services/remuneration",
    ("/h5/forgot/new", ""): _AFTER_CODE,
    ("/h5/login/code", ""): _AFTER_CODE,
    ("/h5/register/new", ""): _AFTER_CODE,
    ("/h5/wechat/bind", "bind"): "WeChat's answer and one tick",
    ("/h5/{pool}/account/data", "mail"): _AFTER_CODE,
    ("/h5/{pool}/account/mobile/new", ""): _AFTER_CODE,
    ("/h5/{pool}/consent", ""): "ticks alone",
    ("/h5/{pool}/exams/{}/evidence", ""): "tests/services/exams/attempts/test_evidence.py",
    ("/h5/{pool}/file/recusal", ""): "after the check, whose form is the same: tests/web/experts/test_own_changes.py",
    ("/h5/{pool}/file/recusal", "edit"): "shows the form again",
    ("/h5/{pool}/remuneration", "dispute"): "only the reason is typed",
    ("/h5/{pool}/reports", "add"): "stands behind a code: tests/web/reports",
    ("/office/experts/{}", "answer"): _OFFICE,
    ("/office/exams/{}/analysis/{}", "decide"): _OFFICE,
    ("/office/exams/{}/analysis/{}", "preview"): _OFFICE,
    ("/office/exams/{}/marking", ""): _OFFICE,
    ("/office/exams/{}/sittings", "add"): _OFFICE,
    ("/office/exams/{}/sittings", "save"): _OFFICE,
    ("/office/orders/{}", "refund"): "a confirmation without fields",
    ("/office/people/{}/attachments/{}", ""): "tests/web/office/test_correct_files.py",
    ("/office/texts/{}", "more"): _OFFICE,
    ("/office/texts/{}", "preview"): _OFFICE,
    ("/office/texts/{}", "publish"): _OFFICE,
    ("/office/texts/{}", "reset"): _OFFICE,
    ("/office/texts/{}", "restore"): _OFFICE,
    ("/office/venues", "restore"): _OFFICE,
    ("/office/venues/new", "save"): _OFFICE,
    ("/office/venues/{}", "end"): _OFFICE,
    ("/office/venues/{}", "offer"): _OFFICE,
    ("/office/venues/{}", "preview"): _OFFICE,
    ("/office/venues/{}", "save"): _OFFICE,
    ("/office/catalogues/{}", "add"): _OFFICE,
    ("/office/catalogues/{}/{}", "end"): _OFFICE,
    ("/office/catalogues/{}/{}", "map"): _OFFICE,
    ("/office/catalogues/{}/{}", "preview"): _OFFICE,
    ("/review/{}/all", ""): "nothing is demanded",
}
"""Commands whose forms the walk does not reach, each with the reason."""


@dataclass
class Form:
    """``demanded``: fields that must be filled in or chosen. ``sent``: what a browser sends of an empty form."""

    action: str
    is_upload: bool
    sent: dict[str, str] = field(default_factory=dict)
    demanded: set[str] = field(default_factory=set)
    buttons: list[dict[str, str]] = field(default_factory=list)
    """What each button sends that submits the form as it is."""


class Forms(HTMLParser):
    """The forms of a page that are posted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._chosen: set[str] = set()
        self._empty_option = ""
        """The list whose text 请选择 follows."""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag == "form":
            is_upload = values.get("enctype", "") == "multipart/form-data"
            self._form = Form(values.get("action", ""), is_upload) if values.get("method") == "post" else None
            if self._form is not None:
                self.forms.append(self._form)
                self._chosen = set()
        elif self._form is None:
            return
        elif tag == "button":
            if not values.keys() & {"formaction", "formnovalidate"} and values.get("type", "submit") == "submit":
                self._form.buttons.append({name: values.get("value", "")} if name else {})
        elif tag in ("input", "textarea", "select") and name:
            self._read_field(tag, name, values)
        elif tag == "option" and self._select:
            self._read_option(values)

    def _read_field(self, tag: str, name: str, values: Mapping[str, str]) -> None:
        assert self._form is not None
        kind, self._select = values.get("type", tag), name if tag == "select" else ""
        if kind == "hidden":
            self._form.sent[name] = values.get("value", "")
        elif kind not in ("radio", "checkbox", "file"):
            self._form.sent[name] = ""
        if "required" in values:
            self._form.demanded.add(name)

    def _read_option(self, values: Mapping[str, str]) -> None:
        """The selected one, else the first one, is what an untouched list sends."""
        assert self._form is not None
        if self._select not in self._chosen or "selected" in values:
            self._form.sent[self._select] = values.get("value", "")
        self._chosen.add(self._select)
        self._empty_option = self._select if not values.get("value", "?") else ""

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._empty_option and data.startswith("请选择"):
            self._form.demanded.add(self._empty_option)
        self._empty_option = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


@dataclass
class Walk:
    """One person's way through all pages. ``seen``: canonical address and command of all forms so far."""

    visitor: Visitor
    declared: set[tuple[str, str]]
    seen: set[tuple[str, str]]
    problems: list[str] = field(default_factory=list)

    async def run(self, *start: str) -> None:
        """Open pages of ``start`` and what they lead to."""
        opened: Counter[str] = Counter()
        waiting, known = list(start), set(start)
        while waiting:
            path = waiting.pop(0)
            kind = canonical(path.partition("?")[0])
            if opened[kind] >= _ENOUGH:
                continue
            opened[kind] += 1
            response = await self.visitor.client.get(path, headers=self.visitor.headers)
            if response.content_type != "text/html":
                continue
            text = await response.text()
            for form in Forms(text).forms:
                await self._try_form(form)
            links = (html.unescape(link).partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', text))
            fresh = {link for link in links if not link.startswith("/h5/static/")} - known
            known |= fresh
            waiting += sorted(fresh)

    async def _try_form(self, form: Form) -> None:
        for own in form.buttons or [{}]:
            sent = {**form.sent, **own}
            path, command = canonical(re.split("[?#]", form.action)[0]), sent.get("command", "")
            key = (path, command if (path, command) in self.declared else "")
            if key not in self.seen:
                self.seen.add(key)
                if len(form.demanded) > 1 and key in self.declared and key not in EXCEPTIONS:
                    await self._send_empty(form, sent, key)

    async def _send_empty(self, form: Form, sent: Mapping[str, str], key: tuple[str, str]) -> None:
        data = FormData(sent, default_to_multipart=form.is_upload)
        headers = {"Origin": PUBLIC_URL, **self.visitor.headers}
        response = await self.visitor.client.post(form.action, data=data, headers=headers)
        named = _FAULT.findall(await response.text())
        filled_in = {name for name in form.demanded if sent.get(name)}
        demanded = form.demanded - filled_in - OPTIONAL
        missing = {name for name in demanded if not any(fault.startswith(name) for fault in named)}
        if response.status != 422 or missing:
            self.problems.append(f"{key}: {response.status}, not named: {sorted(missing)}")


def declared_commands() -> set[tuple[str, str]]:
    """Canonical address and name of the commands whose forms have several fields."""
    groups: list[Any] = [PageGroup]
    commands = set()
    while groups:
        group = groups.pop()
        groups += [part for part in group.__subclasses__() if part.__module__.startswith("web.")]
        for declaration in declared_pages(group):
            for name, command in declaration.commands:
                if command.form is not None and len(fields(command.form)) > 1:
                    commands.add((re.sub(r"(?<!/h5/)\{\w+\}", "{}", command.path), name))
    return commands


async def test_an_empty_form_names_all_that_it_demands(world: World) -> None:
    owned_rows = await make_owned_rows(world)
    visitors = await people(world, owned_rows)
    scene = owned_rows.scene
    await School(world.services, scene.admin, world.clock).course()
    await make_exam(world.services, scene.admin)
    await world.panel(2)
    order = await paid(scene, "秦改退", number="ZJ0000780")
    await refund(scene, order, refund_id="5030", failure="ABNORMAL")
    campaign = await make_campaign(world.services.deps)
    draft = await make_application(
        world.services.deps, state="draft", round=0, submitted_at=None, campaign_id=campaign.id
    )
    ended = await make_application(world.services.deps, state="refused", ended_at=world.clock.now())
    further = {
        "admin": (
            f"/office/orders/{order.id}",
            owned_rows.address("/office/bank/item/{id}/edit"),
            f"/office/applications/{draft.id}",
            f"/office/applications/{ended.id}",
        )
    }
    declared, seen = declared_commands(), set[tuple[str, str]]()
    problems: list[str] = []
    for role, visitor in visitors.items():
        walk = Walk(visitor, declared, seen)
        await walk.run("/", *further.get(role, ()))
        problems += [f"{role}: {problem}" for problem in walk.problems]
    assert not problems, "\n".join(problems)
    unseen = sorted(declared - seen ^ ELSEWHERE.keys())
    assert not unseen, "\n".join(map(str, unseen))
