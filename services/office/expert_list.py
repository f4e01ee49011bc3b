"""The pool's experts as the office looks for them: filters, search, one page, and the columns of lists and exports."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.catalogues import full_name
from domain.clock import local
from domain.errors import InvalidInput, NotFound
from domain.experts.drawability import BARS
from domain.forms.display import show_region, show_specialty
from domain.identity import age_on
from domain.masking import mask_id_number, mask_mobile
from domain.parsing import person_search
from domain.rulebook.book import Rulebook
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.pages import contains, read_page
from services.core.permissions import check
from services.core.short_texts import check_text
from services.core.sql_values import SqlValues, write_code
from services.experts import bar_conditions, covers, first_bar, is_drawn, latest_birthday_over_age
from services.spreadsheets.export import Value

STATES: Mapping[str, str] = {
    "in_pool": "在库",
    "drawn": "可抽取",
    **BARS,
    "warned": "警告期内",
    "emergency": "应急专家",
    "ending": "即将到期",
    "left": "已退库",
}
"""``drawn``: nothing bars them; ``ending``: term or age expires soon."""
TRAINING: Mapping[str, str] = {"valid": "继续教育有效", "due": "未完成或已过期"}
ATTENDED: Mapping[str, str] = {"year": "一年内到过场", "before": "一年以上没到场", "never": "从未到场"}
WECHAT: Mapping[str, str] = {"bound": "已绑定微信", "none": "未绑定微信"}
SORTS: Mapping[str, str] = {"name": "按姓名", "term": "聘期先到期的在前", "newest": "最近入库在前"}
COLUMNS: Mapping[str, str] = {
    "number": "专家编号",
    "state": "状态",
    "region": "常驻地区",
    "specialties": "评标专业",
    "title": "职称",
    "emergency": "应急专家",
    "employer": "工作单位",
    "age": "年龄",
    "term": "聘期至",
    "mobile": "手机号",
    "id_number": "身份证号",
    "wechat": "微信",
    "training": "继续教育有效期至",
    "attended": "最近到场",
    "entered": "入库时间",
    "left": "退库时间",
    "left_reason": "退库原因",
}
"""What can be shown and exported beside the name; personal numbers are masked in both."""
SHOWN = ("number", "region", "age", "term")
"""Columns without a choice."""
PAGE_MAX = 100

_NUMBER = re.compile(r"(?=.*\d)[\w-]+", re.ASCII)
"""May be an expert's number."""

_WARNED = f"""EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id AND s.kind = 'warning' AND s.state = 'imposed'
  AND {covers("$2")})"""
_ALWAYS = """e.id, e.number, e.name, e.membership_status, e.emergency, e.permanent_region, e.specialties,
e.title_level, e.born_on, e.term_until, e.created_at, e.left_at, e.left_reason, e.mobile_sealed, e.id_number_sealed"""
_WHERE_SHOWN: Mapping[str, str] = {
    "employer": """(SELECT m.unit_name FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL
  ORDER BY m.since DESC NULLS LAST LIMIT 1) AS employer""",
    "wechat": "EXISTS (SELECT FROM wechat_identity w WHERE w.account_id = e.account_id) AS bound",
    "training": """(SELECT max(c.valid_until) FROM certificate c WHERE c.account_id = e.account_id AND c.kind = 'course'
  AND c.state = 'valid' AND c.valid_until > $2) AS trained_until""",
    "attended": """(SELECT max(t.at) FROM invitation i JOIN attendance t ON t.invitation_id = i.id
  WHERE i.expert_id = e.id AND i.ends_at <= $2 AND t.direction = 'in') AS attended""",
}
"""SQL for columns that other tables tell; ``$2`` is the present moment. Panels count when they are over: before, who
sits on one is sealed."""
_PLAIN: Mapping[str, str] = {
    "number": "number",
    "employer": "employer",
    "term": "term_until",
    "training": "trained_until",
    "attended": "attended",
    "entered": "created_at",
    "left": "left_at",
    "left_reason": "left_reason",
}
"""Columns that are shown as the row has them."""
_TITLES = """
SELECT c.code, c.name FROM catalogue_entry c WHERE c.kind = 'title_level' AND c.pool IN ('', $1) AND c.parent = ''
 ORDER BY c.position, c.code
"""
_TRAINED = """EXISTS (SELECT FROM certificate c WHERE c.account_id = e.account_id AND c.kind = 'course'
  AND c.state = 'valid' AND (c.valid_until IS NULL OR c.valid_until > $2))"""
_BOUND = "EXISTS (SELECT FROM wechat_identity w WHERE w.account_id = e.account_id)"
_PRESENT = """EXISTS (SELECT FROM invitation i JOIN attendance t ON t.invitation_id = i.id AND t.direction = 'in'
  WHERE i.expert_id = e.id AND i.ends_at <= $2)"""
_LATELY = f"{_PRESENT[:-1]} AND i.ends_at > $2::timestamptz - interval '1 year')"
_HISTORY: Mapping[str, str] = {
    "valid": _TRAINED,
    "due": f"NOT {_TRAINED}",
    "year": _LATELY,
    "before": f"{_PRESENT} AND NOT {_LATELY}",
    "never": f"NOT {_PRESENT}",
    "bound": _BOUND,
    "none": f"NOT {_BOUND}",
}
"""Conditions on what other tables tell, by the choices of ``TRAINING``, ``ATTENDED`` and ``WECHAT``."""
_TITLE = """e.title_level = ANY(ARRAY(WITH RECURSIVE below AS (SELECT {code}::varchar AS code UNION
  SELECT c.code FROM catalogue_entry c JOIN below b ON c.parent = b.code
   WHERE c.kind = 'title_level' AND c.pool IN ('', $1)) SELECT code FROM below))"""
_SPECIALTY = """e.specialty_path && ARRAY(SELECT c.code::text FROM catalogue_entry c
  WHERE c.kind = 'specialty' AND c.pool IN ('', $1) AND (c.code = {code} OR c.name ILIKE {name}))"""
_EMPLOYER = """EXISTS (SELECT FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL
  AND grams(m.unit_name) @> {grams} AND position({word} IN lower(m.unit_name)) > 0)"""
_NAME = "grams(person_key(e.name)) @> {grams} AND position({word} IN person_key(e.name)) > 0"
_ORDERS: Mapping[str, str] = {
    "name": "e.name_sort, e.id",
    "term": "e.term_until NULLS LAST, e.id",
    "newest": "e.created_at DESC, e.id",
}


UNKNOWN_NUMBER = "没有专家登记这个手机号或身份证号，请核对。"


@dataclass(frozen=True)
class ExpertFilter:
    """Empty: any. ``search`` is an ID number, mobile or expert number, or any part of a name; ``specialty`` a code or a
    part of a specialty's name; ``title`` a code with all below it; ``employer`` any part of the present unit's name."""

    state: str = "in_pool"
    search: str = ""
    region: str = ""
    specialty: str = ""
    title: str = ""
    employer: str = ""
    training: str = ""
    attended: str = ""
    wechat: str = ""


@dataclass(frozen=True)
class ExpertLine:
    """``bar``: why the expert isn't drawn, the first of several, and ``tag`` in words; ``badge``: of emergency experts;
    all empty for others. ``values`` are those of the chosen columns by code."""

    id: UUID
    name: str
    bar: str
    tag: str
    badge: str
    values: Mapping[str, Value]
    left_at: datetime | None


@dataclass(frozen=True)
class ExpertList:
    deps: Deps

    async def page(
        self,
        actor: Actor,
        wanted: ExpertFilter,
        *,
        columns: Sequence[str] = SHOWN,
        sort: str = "name",
        page: int = 1,
        size: int = 20,
    ) -> Page[ExpertLine]:
        """One page of matches with these columns, and their total. Raises InvalidInput that names the filter."""
        check(actor, "expert.read")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        where, values = self.where(actor, wanted)
        order = _ORDERS[_known(sort, SORTS, "sort", "排序方式")]
        listed, total = await read_page(
            self.columns_sql(actor.pool, columns),
            "e",
            f"expert e WHERE {where}",
            order,
            values,
            offset=(page - 1) * size,
            limit=size,
        )
        return Page(tuple(await self.lines(actor.pool, listed, columns)), total)

    async def find_by_number(self, actor: Actor, word: str) -> UUID | None:
        """The file that this mobile or ID number belongs to, one in the pool before those that left; None for any other
        word. A list's address must not hold such a number. Recorded. Raises NotFound where no file holds it."""
        check(actor, "expert.read")
        typed = person_search(word)
        if not (typed.mobile or typed.id_number):
            return None
        values = SqlValues(actor.pool)
        order = "e.left_at IS NOT NULL, e.created_at DESC, e.id LIMIT 1"
        matches = self._matches(word, values)
        files = await rows(f"SELECT e.id FROM expert e WHERE e.pool = $1 AND {matches} ORDER BY {order}", *values)
        async with transaction():
            await record(actor, self.deps.now(), "person.search", "account", actor.account_id, results=len(files))
        if not files:
            raise NotFound(UNKNOWN_NUMBER, code="expert_unknown")
        expert_id: UUID = files[0]["id"]
        return expert_id

    async def titles(self, actor: Actor) -> list[tuple[str, str]]:
        """The uppermost levels of professional titles: code and name."""
        check(actor, "expert.read")
        return [(row["code"], row["name"]) for row in await rows(_TITLES, actor.pool)]

    def where(self, actor: Actor, wanted: ExpertFilter) -> tuple[str, SqlValues]:
        """SQL conditions on ``e``, with their values: the pool, the present moment, and others."""
        values = SqlValues(actor.pool, self.deps.now())
        state = _known(wanted.state or "in_pool", STATES, "state", "状态")
        # always true, since every statement must use each of its values, and the columns need this one
        parts = ["e.pool = $1", "$2::timestamptz IS NOT NULL", self._in_state(actor.pool, state, values)]
        if word := _word(wanted.search, "search", "搜索词"):
            parts.append(self._matches(word, values))
        if wanted.region and wanted.region != self.deps.book(actor.pool).pool.region:
            parts.append(f"e.region_path @> ARRAY[{_region(wanted.region)}::text]")
        if word := _word(wanted.specialty, "specialty", "评标专业"):
            parts.append(_SPECIALTY.format(code=values.add(word), name=values.add(contains(word))))
        if wanted.title:
            parts.append(_TITLE.format(code=values.add(wanted.title)))
        if word := _word(wanted.employer, "employer", "工作单位").lower():
            parts.append(_EMPLOYER.format(grams=values.add(grams(word)), word=values.add(word)))
        parts += self._by_history(wanted)
        return " AND ".join(parts), values

    def columns_sql(self, pool: str, columns: Sequence[str]) -> str:
        """What ``lines`` shows, selected from ``e``; ``$2`` is the present moment."""
        bar = f"{first_bar(self._bars(pool))} AS bar"
        return ", ".join([_ALWAYS, bar, *(_WHERE_SHOWN[code] for code in columns if code in _WHERE_SHOWN)])

    def _bars(self, pool: str) -> Mapping[str, str]:
        return bar_conditions("e", "$2", self.deps.now(), self.deps.book(pool))

    async def lines(self, pool: str, listed: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[ExpertLine]:
        """Rows with ``columns_sql`` as shown."""
        book = self.deps.book(pool)
        coded = {"region": "permanent_region", "title": "title_level", "specialties": "specialties"}
        named = [row[coded[code]] for row in listed for code in columns if code in coded]
        codes = await load_codes(book, named) if named else CatalogueCodes({})
        return await asyncio.to_thread(lambda: [self._line(book, row, codes, columns) for row in listed])

    def _line(
        self, book: Rulebook, row: Mapping[str, Any], codes: CatalogueCodes, columns: Sequence[str]
    ) -> ExpertLine:
        left = row["left_at"] is not None
        bar = "" if left else row["bar"] or ""
        tag = "已退库" if left else BARS.get(bar, "")
        values = {code: self._value(code, row, codes, tag) for code in columns}
        badge = book.membership.emergency if row["emergency"] else ""
        return ExpertLine(row["id"], row["name"], bar, tag, badge, values, row["left_at"])

    def _value(self, code: str, row: Mapping[str, Any], codes: CatalogueCodes, tag: str) -> Value:
        match code:
            case "state":
                return tag or "可抽取"
            case "emergency":
                return "是" if row["emergency"] else ""
            case "region" | "title" | "specialties":
                return _named(code, row, codes)
            case "age":
                return age_on(row["born_on"], local(self.deps.now()).date()) if row["born_on"] else None
            case "mobile":
                return mask_mobile(self.deps.keys.read(row["mobile_sealed"], "mobile"))
            case "id_number":
                return mask_id_number(self.deps.keys.read(row["id_number_sealed"], "id_number"))
            case "wechat":
                return "已绑定" if row["bound"] else "未绑定"
        value: Value = row[_PLAIN[code]]
        return value

    def _in_state(self, pool: str, state: str, values: SqlValues) -> str:
        if state == "left":
            return "e.left_at IS NOT NULL"
        return f"e.left_at IS NULL{self._narrowed(pool, state, values)}"

    def _narrowed(self, pool: str, state: str, values: SqlValues) -> str:
        """The condition that a state adds to being in the pool."""
        if state == "in_pool":
            return ""
        bars = self._bars(pool)
        plain = {"drawn": is_drawn(bars), "warned": _WARNED, "emergency": "e.emergency", **bars}
        return f" AND {plain[state] if state in plain else self._ending(pool, values)}"

    def _ending(self, pool: str, values: SqlValues) -> str:
        """Term or age expires soon."""
        book, now = self.deps.book(pool), self.deps.now()
        soon = now + book.entry.ending_notice
        ending = f"e.term_until > $2 AND e.term_until <= {values.add(soon)}"
        limit, later = latest_birthday_over_age(now, book), latest_birthday_over_age(soon, book)
        if limit is not None:
            ending += f" OR e.born_on > {values.add(limit)} AND e.born_on <= {values.add(later)}"
        return f"({ending})"

    def _matches(self, word: str, values: SqlValues) -> str:
        """By the kind of what was typed; the numbers are stored as look-up hashes."""
        keys, typed = self.deps.keys, person_search(word)
        if typed.id_number:
            return f"e.id_number_hash = {values.add(keys.lookup_hash('id_number', typed.id_number))}"
        if typed.mobile:
            return f"e.mobile_hash = {values.add(keys.lookup_hash('mobile', typed.mobile))}"
        key = typed.key
        name = _NAME.format(grams=values.add(grams(key)), word=values.add(key)) if key else "FALSE"
        return f"(e.number = {values.add(typed.word)} OR {name})" if _NUMBER.fullmatch(typed.word) else name

    def _by_history(self, wanted: ExpertFilter) -> list[str]:
        """Conditions on what other tables tell: training, attendance, WeChat."""
        parts = []
        if wanted.training:
            parts.append(_HISTORY[_known(wanted.training, TRAINING, "training", "继续教育")])
        if wanted.attended:
            parts.append(_HISTORY[_known(wanted.attended, ATTENDED, "attended", "到场")])
        if wanted.wechat:
            parts.append(_HISTORY[_known(wanted.wechat, WECHAT, "wechat", "微信")])
        return parts


def _named(code: str, row: Mapping[str, Any], codes: CatalogueCodes) -> str:
    """Codes by their names."""
    if code == "specialties":
        return "；".join(f"{chosen} {show_specialty(chosen, codes)}" for chosen in row["specialties"])
    if code == "region":
        return show_region(row["permanent_region"], codes) if row["permanent_region"] else ""
    return full_name("title_level", row["title_level"], codes) if row["title_level"] else ""


def grams(word: str) -> list[str]:
    """What the index of ``grams(text)`` holds of a text that contains ``word``: its pairs of characters, or the single
    one."""
    return sorted({word[at : at + 2] for at in range(len(word) - 1)}) or [word]


def _region(code: str) -> str:
    """The filter by region is planned for each: a tenth of a pool may live in one city, in a county three experts."""
    try:
        return write_code(code)
    except ValueError:
        raise InvalidInput("没有这种地区，请从列表中选择。", field="region") from None


def _word(text: str, field: str, label: str) -> str:
    return check_text(text, field, label, 50).strip()


def _known(value: str, options: Mapping[str, str], field: str, label: str) -> str:
    if value not in options:
        raise InvalidInput(f"没有这种{label}，请从列表中选择。", field=field)
    return value
