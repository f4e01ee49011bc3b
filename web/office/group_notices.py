"""Notices to a group (群发通知): to the matches of the experts' or applications' list, or to pasted numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl

from multidict import MultiDict

from domain.applications.lifecycles import ApplicationState
from domain.clock import print_date
from domain.errors import AppError
from domain.parsing import person_search
from domain.rulebook.book import Rulebook
from services.applications import entry_names
from services.core.base import Actor
from services.office import (
    ATTENDED,
    STATES,
    TEXT_MAX,
    TITLE_MAX,
    TRAINING,
    WECHAT,
    Audience,
    AudienceCount,
    GroupNoticeForm,
)
from web.core.form_values import FormValues
from web.core.pages import Listed, Redirect, Visit, Wanted, list_page, page
from web.core.typed_forms import Lines, Trimmed
from web.office.applications import application_filter_of
from web.office.base import OfficePart
from web.office.experts import expert_filter_of

GROUP_STATES = {"draft": "草稿", "sending": "发送中", "stopped": "已停止", "done": "已发送", "dropped": "已放弃"}
_FILTERS_MAX = 1000
_GROUP = "这条通知"


@dataclass(frozen=True)
class _Written:
    """``audience`` and ``filters`` come from the list that led here; ``numbers`` are pasted."""

    title: Annotated[str, Trimmed()]
    text: Annotated[str, Lines(2 * TEXT_MAX)]
    audience: str
    filters: Annotated[str, Lines(_FILTERS_MAX)]
    numbers: Annotated[str, Lines(200_000)]


class GroupNoticePages(OfficePart):
    code = "group-notices"
    action = "notice.group"

    @list_page("/office/group-notices", "office/group_notices.html")
    async def groups(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.office.group_reports.page(visit.actor, **wanted.window)
        return Listed(listed, {"states": GROUP_STATES})

    @page("/office/group-notices/new", "office/group_notice_new.html", longest=256 * 1024)
    async def new(self, visit: Visit) -> Mapping[str, object]:
        """``?audience=experts`` or ``applications`` with the filters of their list; without one, numbers are pasted."""
        sent = bool(visit.fields)
        kind = visit.form.value("audience") if sent else visit.query("audience", 12)
        filters = visit.form.value("filters") if sent else visit.request.query_string[:_FILTERS_MAX]
        counted, refused = None, None
        if kind in ("experts", "applications"):
            try:
                counted = await self._count(visit.actor, _audience(kind, filters, ""))
            except AppError as error:
                refused = self.refusal_on_page(error)
        return {
            "f": visit.form if sent or refused is None else FormValues({}, refused),
            "audience": kind if kind in ("experts", "applications") else "numbers",
            "filters": filters,
            "described": "" if refused else await self._describe(visit.actor, kind, filters),
            "counted": counted,
            "title_max": TITLE_MAX,
            "text_max": TEXT_MAX,
        }

    @new.command(_Written)
    async def write(self, visit: Visit, form: _Written) -> Redirect:
        group_id = await self.services.office.group_notices.write(
            visit.actor,
            GroupNoticeForm(form.title, form.text),
            _audience(form.audience, form.filters, form.numbers),
            await self._describe(visit.actor, form.audience, form.filters),
            key=visit.key,
        )
        return Redirect(f"/office/group-notices/{group_id}")

    @page("/office/group-notices/{id}", "office/group_notice.html")
    async def group(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.office.group_reports.get(visit.actor, visit.id(_GROUP))
        return {"group": view, "states": GROUP_STATES}

    @group.command(name="try", note="已发送到您本人的微信或手机，请查看。")
    async def try_out(self, visit: Visit) -> None:
        await self.services.office.group_notices.try_out(visit.actor, visit.id(_GROUP))

    @group.command(name="start", note="已开始发送。")
    async def start(self, visit: Visit) -> None:
        await self.services.office.group_notices.start(visit.actor, visit.id(_GROUP))

    @group.command(name="stop", note="已停止，可以继续发送，或放弃余下的。")
    async def stop(self, visit: Visit) -> None:
        await self.services.office.group_notices.stop(visit.actor, visit.id(_GROUP))

    @group.command(name="drop", note="已放弃。")
    async def drop(self, visit: Visit) -> Redirect:
        await self.services.office.group_notices.drop(visit.actor, visit.id(_GROUP))
        return Redirect("/office/group-notices")

    async def _count(self, actor: Actor, audience: Audience) -> AudienceCount:
        return await self.services.office.group_notices.count(actor, audience)

    async def _describe(self, actor: Actor, kind: str, filters: str) -> str:
        """The filters in words, as the list shows them; of a personal number only that it was looked up."""
        query = dict(parse_qsl(filters))
        if kind not in ("experts", "applications"):
            return "名单中的人"
        places = {place.code: place.name for place in await self.services.office.dashboard.places(actor)}
        region = places.get(query.get("region", ""), "")
        if kind == "experts":
            titles = dict(await self.services.office.expert_list.titles(actor))
            return _join("专家", *_expert_words(query, region, titles.get(query.get("title", ""), "")))
        campaigns = await self.services.applications.campaign_queries.choices(actor)
        names = {str(campaign.id): campaign.data.name for campaign in campaigns}
        return _join(
            "申请人", *_applicant_words(self.book(actor), query), region, names.get(query.get("campaign", ""), "")
        )


def _expert_words(query: Mapping[str, str], region: str, title: str) -> Iterator[str]:
    yield STATES.get(query.get("state", ""), STATES["in_pool"])
    yield region
    for names, name in ((TRAINING, "training"), (ATTENDED, "attended"), (WECHAT, "wechat")):
        yield names.get(query.get(name, ""), "")
    yield _quote("专业", query.get("specialty", ""))
    yield title
    yield _quote("单位", query.get("employer", ""))
    yield _search_words(query.get("search", ""))


def _applicant_words(book: Rulebook, query: Mapping[str, str]) -> Iterator[str]:
    states = {state.value: state.label for state in ApplicationState}
    chosen = application_filter_of(query)
    yield states.get(chosen.state, "已提交")
    yield {step.code: step.name for step in book.review.steps}.get(chosen.step, "")
    yield {str(code): name for code, name in entry_names(book).items()}.get(chosen.entry_type, "")
    if chosen.submitted_from:
        yield f"{print_date(chosen.submitted_from)}起提交"
    if chosen.submitted_until:
        yield f"{print_date(chosen.submitted_until - timedelta(days=1))}前提交"
    yield _search_words(chosen.search)


def _search_words(text: str) -> str:
    """The number itself is not written down."""
    typed = person_search(text)
    if typed.mobile:
        return "按手机号查找"
    return "按身份证号查找" if typed.id_number else _quote("", typed.word)


def _quote(noun: str, text: str) -> str:
    return f"{noun}“{text}”" if text else ""


def _audience(kind: str, filters: str, numbers: str) -> Audience:
    query = MultiDict(parse_qsl(filters))
    if kind == "experts":
        return Audience(experts=expert_filter_of(query)[0])
    if kind == "applications":
        return Audience(applications=application_filter_of({name: text.strip()[:60] for name, text in query.items()}))
    return Audience(numbers=numbers)


def _join(noun: str, *parts: str) -> str:
    return f"{noun}：{'，'.join(part for part in parts if part)}"
