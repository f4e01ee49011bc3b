"""``/record``: the verifiable record of a draw in readable form, with its file and the program that verifies it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import aiohttp.web as http

from domain.clock import local, print_dated_time
from domain.draws.record import LOST_OUTCOMES, SKIP_REASONS, TERMINATION_REASONS, Json
from domain.draws.verify_draw import TEXTS
from domain.errors import AppError, InvalidInput, NotFound
from services.draws import DrawView, FinishedRecords, PublicLinks, RecordFile, RecordMatch
from services.registry import Services
from web.accounts.offers import front_of
from web.core.qr import path_of
from web.core.site import Site, page_number
from web.draws.facts import PANEL_ENDS
from web.draws.three_numbers import WHY, read_rolls

PAGE_SIZE = 200
_TIERS = {"main": "主选专业", "alternative": "备选专业"}
_ROLES = {"agency": "招标人（代理机构）", "supervisor": "监督人"}
_SOURCES = {"register": "来自监督人名册", "none": "未指定"}
_OUTCOMES = {
    "accepted": "同意参加",
    "declined": "不参加",
    "silent": "未答复",
    "undone": "撤销同意",
    "left": "请假",
    "absent": "缺席",
    "recused": "现场回避",
    "released": "退选",
    "cancelled": "已取消",
}
_SKIPS = {str(reason): text for reason, text in SKIP_REASONS.items()}
_REASONS = {str(reason): text for reason, text in TERMINATION_REASONS.items()}
_CAUSES = {"exhausted": "，原名单已抽完，扩大地区"}
_SHORT = {
    "exhausted": "名单已抽完",
    "too_late": "临近集合时间",
    "force_ended": "强制结束",
    "declined": "有原专家不参评",
}
_PARTIES = _ROLES | {
    "expert": "专家本人",
    "venue": "场地人员",
    "verifier": "核验人员",
    "system": "系统",
    "nobody": "无人",
}
_PHASES = {
    "setup": "开始通知之前",
    "recall": "通知原专家",
    "calling": "通知专家",
    "paused": "暂停",
    "ending": "强制结束",
    "rest": "通知结束之后",
    "terminating": "终止",
    "ended": "活动结束",
}
_ROUNDS = {"first": "首次确定顺序", "aborted": "上一轮中止", "widened": "扩大地区", "empty": "空"}
_ANSWERS = {"comes": "参评", "declines": "不参评", "silent": "逾期未答复", "hindered": "不能参评"}
_ANSWER_SOURCES = {"expert": "（专家本人答复）", "call": "（平台电话接通后由代理机构登记，专家未提出异议）"}
_OTHERS = _ANSWERS | {"call": "平台接通的电话", "open": "等待答复", "recalled": "等待确认", "or": "或"}
_LOST = {str(outcome): text for outcome, text in LOST_OUTCOMES.items()}
WORDS: Mapping[str, Mapping[str, str]] = {
    "outcomes": _OUTCOMES,
    "skips": _SKIPS,
    "roles": _ROLES,
    "tiers": _TIERS,
    "parties": _PARTIES,
    "terminations": _REASONS,
    "panels": PANEL_ENDS,
    "lost": _LOST,
    "codes": PANEL_ENDS | _PHASES | _ROUNDS | _SHORT | _REASONS | _SKIPS | _OUTCOMES | _TIERS | _PARTIES | _OTHERS,
}
"""The page script's names of what it counts; ``codes`` is for entries that a finding names."""
_CHECKS = (60, 60)
"""Look-ups per address and minute: a page, its file, and those of the activities before it."""
_KINDS = {"normal": "首次抽取", "redraw": "重新抽取", "recall": "通知原专家评标"}


@dataclass(frozen=True)
class EarlierRecord:
    """The public record of an activity that was on the lots before."""

    number: str
    path: str


@dataclass(frozen=True)
class RecordLine:
    """An entry in readable form. ``mark`` is the leaf's first characters, empty without a leaf."""

    seq: int
    at: str
    title: str
    text: str
    mark: str
    hash: str


class RecordPages:
    """A record has two addresses: a signed link while the draw runs, its number once it is over."""

    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._links: PublicLinks = services.draws.public_links
        self._finished: FinishedRecords = services.draws.finished_records
        self._catalogues = services.catalogues
        self._deps = services.deps

    def add_routes(self) -> None:
        self._site.get("/record", self.search)
        self._site.get("/record/verify_draw.py", self.program)
        self._site.get("/record/{token}", self.show_linked)
        self._site.get("/record/{token}/file", self.linked_file)
        self._site.get("/record/{pool}/{number}", self.show_finished)
        self._site.get("/record/{pool}/{number}/file", self.finished_file)

    # ---- by number, public

    async def search(self, request: http.Request) -> http.Response:
        """``?number=`` leads to the record; several pools may have the same number."""
        typed = request.query.get("number", "").strip()[:40]
        if not typed:
            return self._search_page(request)
        await self._check_rate(request)
        try:
            records = await self._finished.find(typed)
        except (InvalidInput, NotFound) as error:
            return self._search_page(request, typed, error=error)
        if len(records) == 1:
            raise http.HTTPSeeOther(f"/record/{records[0].pool}/{records[0].number}")
        return self._search_page(request, typed, records)

    def _search_page(
        self,
        request: http.Request,
        typed: str = "",
        records: Sequence[RecordMatch] = (),
        error: AppError | None = None,
    ) -> http.Response:
        return self._site.render(
            "draws/record_search.html",
            status=error.status if error else 200,
            typed=typed,
            records=records,
            error=error.message if error else "",
            front=front_of(request, self._deps.rulebooks),
        )

    async def show_finished(self, request: http.Request) -> http.Response:
        draw, record = await self._get_finished(request)
        return await self._page(request, draw, record, public_path(draw))

    async def finished_file(self, request: http.Request) -> http.Response:
        """The file never changes, so browsers and proxies may cache it."""
        draw, record = await self._get_finished(request)
        headers = {"ETag": f'"{record.head}"', "Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
        if any(known.value in (record.head, "*") for known in request.if_none_match or ()):
            return http.Response(status=304, headers=headers)
        response = await _record_file(request, draw, record)
        response.headers.update(headers)
        return response

    async def _get_finished(self, request: http.Request) -> tuple[DrawView, RecordFile]:
        await self._check_rate(request)
        return await self._finished.get(request.match_info["pool"], request.match_info["number"])

    async def _check_rate(self, request: http.Request) -> None:
        await self._site.check_rate(request, "record", *_CHECKS)

    # ---- by link

    async def show_linked(self, request: http.Request) -> http.Response:
        draw, record = await self._get_linked(request)
        if record is None:
            raise http.HTTPSeeOther(public_path(draw))
        return await self._page(request, draw, record, f"/record/{request.match_info['token']}")

    async def linked_file(self, request: http.Request) -> http.Response:
        draw, record = await self._get_linked(request)
        if record is None:
            raise http.HTTPSeeOther(f"{public_path(draw)}/file")
        return await _record_file(request, draw, record)

    async def _get_linked(self, request: http.Request) -> tuple[DrawView, RecordFile | None]:
        await self._check_rate(request)
        return await self._links.record(request.match_info["token"])

    async def _page(self, request: http.Request, draw: DrawView, record: RecordFile, path: str) -> http.Response:
        entries = record.entries()
        last = max(1, -(-len(entries) // PAGE_SIZE))
        page = min(page_number(request), last)
        shown = entries[(page - 1) * PAGE_SIZE :][:PAGE_SIZE]
        over = entries[-1]["act"] == "ended"
        public = f"{self._deps.public_url}{public_path(draw) if over else path}"
        return self._site.render(
            "draws/record.html",
            draw=draw,
            path=path,
            pool=self._deps.book(draw.pool).pool.name,
            head=record.head,
            count=len(entries),
            page=page,
            last=last,
            page_size=PAGE_SIZE,
            sentences={code: chinese for code, (_, chinese) in TEXTS.items()},
            words={**WORDS, "names": await self._names(draw.pool, entries)},
            rolls=[(roll, _utc(roll.at)) for roll in read_rolls(entries) if roll.seed],
            why=WHY,
            qr=path_of(public),
            public=public,
            lines=[read_entry(entry) for entry in shown],
            over=over,
            earlier=_find_earlier(draw, entries[0]),
            is_recall=draw.kind == "recall",
            sizes=[(_list_name(key), size) for key, size in record.sizes],
        )

    async def _names(self, pool: str, entries: Sequence[Mapping[str, Json]]) -> dict[str, str]:
        """Names of the codes of regions and specialties in the rounds."""
        conditions = [
            condition
            for entry in entries
            if entry["act"] == "round_opened"
            for condition in _list(entry["conditions"])
            if isinstance(condition, dict)
        ]
        regions = {_text(code) for condition in conditions for code in _list(condition["regions"])}
        specialties = {
            _text(condition[key]) for condition in conditions for key in ("specialty", "alternative") if condition[key]
        }
        names = dict(await self._catalogues.names(pool, "region", sorted(regions)))
        return names | await self._catalogues.names(pool, "specialty", sorted(specialties))

    async def program(self, request: http.Request) -> http.Response:
        """The program with which this project verifies records; it needs nothing but Python."""
        return _download(
            files("domain.draws").joinpath("verify_draw.py").read_bytes(), "text/x-python", "verify_draw.py"
        )


def public_path(draw: DrawView) -> str:
    """The public address of the record once the draw is over, in the QR code of printed results."""
    return f"/record/{draw.pool}/{draw.number}"


def _find_earlier(draw: DrawView, first: Mapping[str, Json]) -> list[EarlierRecord]:
    """Those that have a record, oldest first."""
    numbers = [_text(facts["number"]) for facts in _earlier_facts(first) if facts["head"]]
    return [EarlierRecord(number, f"/record/{draw.pool}/{number}") for number in numbers]


def _earlier_facts(first: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    return _facts(first, "earlier")


def _facts(entry: Mapping[str, Json], key: str) -> list[Mapping[str, Json]]:
    return [facts for facts in _list(entry.get(key, [])) if isinstance(facts, dict)]


async def _record_file(request: http.Request, draw: DrawView, record: RecordFile) -> http.Response:
    """The record as stored, compressed, for nearly every client."""
    name = f"draw-{draw.number}.json"
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return _download(await asyncio.to_thread(record.decompress), "application/json", name)
    response = _download(record.compressed, "application/json", name)
    response.headers["Content-Encoding"] = "gzip"
    return response


def _download(body: bytes, content_type: str, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return http.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


def read_entry(entry: Mapping[str, Json]) -> RecordLine:
    """An entry of the log in Chinese. An unknown act is shown by its name."""
    at = datetime.fromisoformat(_text(entry["at"]))
    title, text = _title_and_text(entry)
    return RecordLine(
        int(_text(entry["seq"])),
        f"{local(at):%Y-%m-%d %H:%M:%S}",
        title,
        text,
        _text(entry.get("leaf", ""))[:8],
        _text(entry["hash"]),
    )


def as_cells(entry: Mapping[str, Json]) -> list[str]:
    """The entry as a line of the printed table."""
    line = read_entry(entry)
    return [str(line.seq), line.at, line.title, line.text, line.mark, line.hash[:8]]


def _title_and_text(entry: Mapping[str, Json]) -> tuple[str, str]:
    act = _text(entry["act"])
    where = f"条件{entry['condition']}" if "condition" in entry else ""
    if act == "called":
        return "通知专家", f"{where}，{_TIERS.get(_text(entry['tier']), '')}"
    if act == "confirmed":
        return "通知结果", f"{where}，{_answer(entry)}"
    if act == "skipped":
        reason = _text(entry["reason"])
        return "跳过", f"{where}，{_SKIPS.get(reason, reason)}"
    if act == "outcome":
        outcome = _text(entry["outcome"])
        return "结果", f"{where}，{_OUTCOMES.get(outcome, outcome)}{_causes(entry)}"
    return _describe_step(entry, act, where)


def _describe_step(entry: Mapping[str, Json], act: str, where: str) -> tuple[str, str]:
    role = _ROLES.get(_text(entry.get("role", "")), "")
    reason = _text(entry.get("reason", ""))
    words: Mapping[str, tuple[str, str]] = {
        "history": (_KINDS.get(_text(entry.get("kind", "")), "抽取"), _history(entry)),
        "recalled": ("通知原专家", _recalled(entry)),
        "round_opened": (
            "开始确定顺序",
            f"第{entry.get('round')}轮{_CAUSES.get(_text(entry.get('cause', '')), '')}{_supervisors(entry)}",
        ),
        "system_committed": ("系统锁定随机数", "系统先锁定一个随机数，只公布其摘要"),
        "recusals_committed": ("回避名单锁定", "冻结名单前锁定全部回避单位和人员，只公布其摘要"),
        "lists_frozen": ("名单冻结", "候选名单自此不能再改，公布其根摘要"),
        "participant_committed": ("提交随机数", f"{role}的手机锁定一个随机数"),
        "participant_revealed": ("公开随机数", f"{role}公开锁定的随机数"),
        "seed_fixed": ("摇号结果确定", "由三方随机数算出，顺序自此固定"),
        "round_aborted": ("本轮中止", "顺序未确定，须重新开始"),
        "gathering_moved": (
            "集合时间变更",
            f"通知{entry.get('notice')}：{_time(entry, 'old')}改为{_time(entry, 'new')}",
        ),
        "need": ("开始呼叫", f"{where}，需{entry.get('needed')}人"),
        "exhausted": ("名单抽完", f"{where}，{_TIERS.get(_text(entry.get('tier', '')), '')}"),
        "paused": ("暂停", "已发出的通知仍等待结果"),
        "resumed": ("继续", "按原顺序"),
        "force_ended": ("强制结束", "不再发出新的通知"),
        "completed": ("人数已满", "各条件人数已满"),
        "short": ("专家不足", _SHORT.get(reason, reason)),
        "terminated": ("活动终止", f"由{_party(entry, 'by')}终止，原因：{_REASONS.get(reason, reason)}"),
        "ended": ("活动结束", f"{PANEL_ENDS.get(_text(entry.get('panel', '')), '')}，记录到此为止"),
    }
    return words.get(act, (act, where))


def _recalled(entry: Mapping[str, Json]) -> str:
    """Whom the recall asks, and how many of the panel that was drawn it doesn't ask, and why."""
    panel, lost = _list(entry.get("panel", [])), _facts(entry, "lost")
    text = f"逐一通知原活动结束时参评的专家共{len(panel)}人，不重新抽取"
    if not lost:
        return text
    counts = "、".join(f"{_LOST.get(_text(facts['outcome']), '')}{facts['count']}人" for facts in lost)
    gone = sum(facts["count"] for facts in lost if isinstance(facts["count"], int))
    return f"{text}；首次抽取的专家组共{len(panel) + gone}人，另{gone}人在此前的复评中{counts}，不再通知"


def _answer(entry: Mapping[str, Json]) -> str:
    """What an expert of a recalled panel answered, whose word that is, and what the agency had said."""
    answer, stated = _text(entry["answer"]), _text(entry["stated"])
    source = _ANSWER_SOURCES.get(_text(entry["source"]), "")
    time = f"，{_time(entry, 'gathering')}集合" if answer == "comes" else ""
    statement = f"；此前代理机构陈述：{_ANSWERS.get(stated, stated)}" if stated else ""
    return f"{_ANSWERS.get(answer, answer)}{time}{source}{statement}"


def _causes(entry: Mapping[str, Json]) -> str:
    """Who caused an outcome and who confirmed it, unless it is the expert's own answer."""
    if entry["by"] in ("expert", "system"):
        return ""
    confirmed = f"、{_party(entry, 'confirmed_by')}确认" if entry["confirmed_by"] else ""
    return f"，由{_party(entry, 'by')}提出{confirmed}"


def _party(entry: Mapping[str, Json], key: str) -> str:
    party = _text(entry.get(key, ""))
    return _PARTIES.get(party, party)


def _history(entry: Mapping[str, Json]) -> str:
    earlier = _earlier_facts(entry)
    seeds = sum(len(_list(facts["seeds"])) for facts in earlier)
    original = _text(entry.get("original", ""))
    before = f"同一标段此前有{len(earlier)}次活动，确定顺序{seeds}次" if earlier else "同一标段此前没有抽取活动"
    elsewhere = f"；同一招标以其他项目名义确定顺序{entry['elsewhere']}次" if entry.get("elsewhere") else ""
    return f"{f'原活动{original}，' if original else ''}{before}{elsewhere}"


def _supervisors(entry: Mapping[str, Json]) -> str:
    facts = entry.get("supervisors")
    if not isinstance(facts, dict):
        return ""
    return f"，监督人{facts.get('count')}名，{_SOURCES.get(str(facts.get('source')), '来源不明')}"


def _time(entry: Mapping[str, Json], key: str) -> str:
    return _utc(_text(entry[key])) if key in entry else ""


def _utc(text: str) -> str:
    return print_dated_time(datetime.fromisoformat(text))


def _list_name(key: str) -> str:
    condition, tier, round_number = key.split("/")
    return f"条件{condition} · {_TIERS.get(tier, tier)} · 第{round_number}轮"


def _text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
