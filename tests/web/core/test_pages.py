"""Declared pages: commands, notes, refusals with all that was typed, lists with filters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, cast

import aiohttp.web as http
import pytest
from aiohttp.test_utils import TestClient, TestServer

from domain.errors import Forbidden, InvalidForm, InvalidInput, TooMany
from services.core.base import Actor, Page
from services.registry import Services
from web.core.form_values import FormValues
from web.core.forms import StaleForm
from web.core.pages import Choice, Listed, PageGroup, Rate, Redirect, Visit, Wanted, Word, list_page, page
from web.core.site import Site
from web.core.typed_forms import Whole


class PlainSite:
    """Adds routes as they are, and renders a page as what its template gets."""

    def __init__(self, app: http.Application) -> None:
        self.get = app.router.add_get
        self.post = app.router.add_post
        self.counts: dict[str, int] = {}

    async def check_rate(self, request: http.Request, name: str, tries: int, period: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.counts[name] > tries:
            raise TooMany("操作过于频繁。", retry_after=period)

    async def read_unsigned(self, request: http.Request, *, longest: int) -> dict[str, str]:
        return {name: str(text) for name, text in (await request.post()).items()}

    def render(self, template: str, *, status: int = 200, **values: Any) -> http.Response:
        form: FormValues = values.pop("f", FormValues(values.get("typed", {})))
        shown = {"template": template, "typed": dict(form.values), "row": form.row, **values}
        at_fields = {fault.field: form.wrong(str(fault.field)) for fault in (form.error.faults if form.error else ())}
        shown["wrong"] = {name: text for name, text in at_fields.items() if name != "nowhere"}
        return http.json_response(shown, status=status, dumps=lambda body: json.dumps(body, ensure_ascii=False))


@dataclass(frozen=True)
class Lot:
    name: str
    position: Annotated[int, Whole("请填写数字。")]


class LotPages(PageGroup):
    notes: ClassVar[Mapping[str, str]] = {"elsewhere": "别处。"}

    def __init__(self, app: http.Application) -> None:
        super().__init__(cast(Site, PlainSite(app)), cast(Services, None))
        self.saved: list[object] = []
        self.lookups = 0

    async def actor(self, request: http.Request) -> Actor:
        self.lookups += 1
        if "logged-out" in request.headers:
            raise http.HTTPSeeOther("/log-in")
        return Actor("demo", "agent", None)

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = 0) -> dict[str, str]:
        sent = {name: str(value) for name, value in (await request.post()).items()}
        if sent.get("form") == "stale":
            raise StaleForm(sent)
        return sent

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        fields = await self.fields(request, actor)
        return fields, fields.pop("file", "").encode()[:longest]

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        return {"who": actor.role}

    @list_page("/lots", "lots.html", size=2, state=Choice({"open": "未开"}, "open"), q=Word(3))
    async def lots(self, visit: Visit, wanted: Wanted) -> Listed:
        return Listed(Page((str(wanted.window), wanted["q"]), 5), {"search": wanted["q"]})

    @lots.command(Lot, "add", note="已添加。")
    async def add(self, visit: Visit, form: Lot) -> None:
        if form.name == "forbidden":
            raise Forbidden("不可以。")
        if not form.name:
            raise InvalidForm([InvalidInput("请填写名称。", field="name"), InvalidInput("没有地方。", field="nowhere")])
        self.saved.append((form, visit.key))

    @lots.command(name="drop", note={"gone": "已删除。", "kept": "没有删除。"}, conceal=("secret",))
    async def drop(self, visit: Visit) -> Redirect:
        if visit.fields.get("secret") == "wrong":
            raise InvalidInput("口令不对。", field="secret")
        return Redirect(note=visit.fields["outcome"])

    @lots.command(name="move")
    async def move(self, visit: Visit) -> None:
        self.saved.append("moved")

    @lots.command(upload=4, path="/lots/{kind}.csv", note="已导入。")
    async def read(self, visit: Visit) -> None:
        self.saved.append((visit.request.match_info["kind"], visit.chosen_file()))

    @page("/lots/{id}", "lot.html")
    async def lot(self, visit: Visit) -> Mapping[str, object] | http.Response:
        if visit.request.match_info["id"] == "file":
            return http.Response(text="content")
        return {"confirm": ""}

    @lot.command(Lot, rate=Rate("lot", 1, 60))
    async def check(self, visit: Visit, form: Lot) -> Mapping[str, object]:
        return {"confirm": form.name}


Opened = tuple[TestClient[Any, Any], LotPages]


@pytest.fixture
async def opened() -> Any:
    app = http.Application()
    part = LotPages(app)
    part.add_routes()
    async with TestClient(TestServer(app)) as client:
        yield client, part


async def test_a_list_gets_its_filters_and_the_part_that_was_asked_for(opened: Opened) -> None:
    client, _ = opened
    shown = await (await client.get("/lots?state=else&q=%20abcdef&page=2")).json()
    assert shown["rows"] == ["{'offset': 2, 'limit': 2}", "abc"]
    assert (shown["state"], shown["q"], shown["search"]) == ("open", "abc", "abc")
    assert (shown["total"], shown["page"], shown["last"], shown["who"]) == (5, 2, 3, "agent")
    assert shown["query"] == "state=open&q=abc"


async def test_a_command_gets_its_form_and_leads_back_with_its_note_and_the_filters(opened: Opened) -> None:
    client, part = opened
    sent = {"command": "add", "name": "一标段", "position": "2", "key": "12345678"}
    answer = await client.post("/lots?q=abc&page=2", data=sent)
    assert part.saved == [(Lot("一标段", 2), "12345678")]
    assert str(answer.url.relative()) == "/lots?q=abc&note=add"
    assert (await answer.json())["note"] == "已添加。"


async def test_a_refusal_shows_the_page_with_all_that_was_typed_and_each_fault_at_its_field(opened: Opened) -> None:
    client, part = opened
    sent = {"command": "add", "name": "", "position": "2", "id": "7"}
    answer = await client.post("/lots", data=sent)
    shown = await answer.json()
    assert (answer.status, shown["typed"], shown["row"]) == (422, sent, "7")
    assert shown["wrong"] == {"name": "请填写名称。"}
    assert shown["error"] == "没有地方。", "only what no field shows stands at the top"
    assert (part.saved, shown["note"]) == ([], "")


async def test_what_cannot_be_read_is_refused_before_the_command(opened: Opened) -> None:
    client, part = opened
    shown = await (await client.post("/lots", data={"command": "add", "position": "x"})).json()
    assert (shown["wrong"], part.saved) == ({"position": "请填写数字。"}, [])


@pytest.mark.parametrize("command", ["", "unknown"])
async def test_a_button_that_the_page_does_not_have_is_refused(opened: Opened, command: str) -> None:
    client, _ = opened
    shown = await (await client.post("/lots", data={"command": command})).json()
    assert shown["error"] == "没有收到您的选择，请重新点选。"


async def test_the_outcome_chooses_among_the_notes(opened: Opened) -> None:
    client, _ = opened
    for outcome, note in (("gone", "已删除。"), ("kept", "没有删除。"), ("other", "")):
        answer = await client.post("/lots", data={"command": "drop", "outcome": outcome})
        assert (await answer.json())["note"] == note


async def test_what_is_concealed_is_not_shown_again(opened: Opened) -> None:
    client, _ = opened
    sent = {"command": "drop", "secret": "wrong", "outcome": "gone"}
    shown = await (await client.post("/lots", data=sent)).json()
    assert shown["typed"] == {"command": "drop", "outcome": "gone"}
    assert shown["wrong"] == {"secret": "口令不对。"}


async def test_a_stale_form_is_shown_again_without_what_is_concealed(opened: Opened) -> None:
    client, part = opened
    sent = {"form": "stale", "command": "drop", "secret": "mine", "name": "一标段", "id": "7"}
    answer = await client.post("/lots", data=sent)
    shown = await answer.json()
    assert (answer.status, shown["typed"].get("name"), shown["row"]) == (403, "一标段", "7")
    assert ("secret" in shown["typed"], "再提交一次" in shown["error"], part.saved) == (False, True, [])


async def test_who_is_logged_out_keeps_what_was_typed_without_what_is_concealed(opened: Opened) -> None:
    client, part = opened
    sent = {"form": "x", "command": "drop", "secret": "mine", "name": "一标段"}
    answer = await client.post("/lots?q=abc", data=sent, headers={"logged-out": "yes"})
    shown = await answer.json()
    assert (answer.status, shown["way"], shown["action"]) == (401, "/log-in", "/lots?q=abc")
    assert (shown["typed"], part.saved) == ({"form": "x", "command": "drop", "name": "一标段"}, [])
    untyped = {"form": "x", "command": "drop", "id": "7", "secret": "mine"}
    answer = await client.post("/lots", data=untyped, headers={"logged-out": "yes"}, allow_redirects=False)
    assert answer.status == 303, "nothing was typed"


async def test_a_file_is_read_up_to_its_limit_and_its_address_leads_back(opened: Opened) -> None:
    client, part = opened
    answer = await client.post("/lots/units.csv", data={"file": "content"})
    assert (part.saved, str(answer.url.relative())) == ([("units", b"cont")], "/lots?note=read")
    assert (await client.post("/lots/units.csv", data={})).status == 422
    assert (await client.get("/lots/units.csv")).url.path == "/lots"


async def test_a_command_without_a_note_leaves_none_in_the_address(opened: Opened) -> None:
    client, _ = opened
    answer = await client.post("/lots", data={"command": "move"})
    assert str(answer.url.relative()) == "/lots"


async def test_a_command_may_show_the_page_with_values_of_its_own(opened: Opened) -> None:
    client, _ = opened
    assert (await (await client.get("/lots/1")).json())["confirm"] == ""
    shown = await (await client.post("/lots/1", data={"name": "一标段", "position": "1"})).json()
    assert (shown["confirm"], shown["typed"]["name"]) == ("一标段", "一标段")


async def test_what_is_sent_to_an_address_is_counted_before_anything_is_looked_up(opened: Opened) -> None:
    client, part = opened
    sent = {"name": "一标段", "position": "1"}
    assert (await client.post("/lots/1", data=sent)).status == 200
    lookups = part.lookups
    assert (await client.post("/lots/1", data=sent)).status == 500, "the site turns the refusal into a page of its own"
    assert part.lookups == lookups
    assert (await client.post("/lots", data={"command": "move"})).status == 200, "another address counts by itself"
    assert cast(PlainSite, part.site).counts == {"lot": 2}


async def test_a_page_may_answer_with_something_else(opened: Opened) -> None:
    client, _ = opened
    assert await (await client.get("/lots/file")).text() == "content"


async def test_a_refusal_that_no_page_shows_is_raised(opened: Opened) -> None:
    client, part = opened
    with pytest.raises(Forbidden):
        part.refusal_on_page(Forbidden("不可以。"))
    sent = {"command": "add", "name": "forbidden", "position": "1"}
    assert (await client.post("/lots", data=sent)).status == 500, "the site turns it into a page of its own"


def test_two_commands_of_one_name_need_addresses_of_their_own() -> None:
    @page("/lots", "lots.html")
    async def lots(part: PageGroup, visit: Visit) -> Mapping[str, object]:
        return {}

    async def command(part: PageGroup, visit: Visit) -> None: ...

    lots.command(name="add")(command)
    lots.command(name="add", path="/lots/more")(command)
    with pytest.raises(TypeError, match="/lots has two commands 'add'"):
        lots.command(name="add")(command)


def test_notes_of_commands_are_those_of_their_part() -> None:
    assert LotPages.notes == {
        "add": "已添加。",
        "gone": "已删除。",
        "kept": "没有删除。",
        "move": "",
        "read": "已导入。",
        "elsewhere": "别处。",
        "check": "",
    }
