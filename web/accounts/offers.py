"""What a pool's first page leads to, by what the pool's rulebook has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp.web as http

from domain.rulebook.book import Rulebook
from web.accounts.doors import AGENCIES, GROUPS, STAFF
from web.accounts.login import COOKIE


@dataclass(frozen=True)
class Offer:
    """A page to open. ``icon`` is a drawing in 24 by 24."""

    name: str
    note: str
    address: str
    icon: str


@dataclass(frozen=True)
class Offers:
    title: str
    pages: tuple[Offer, ...]


_FORM = "M6 3h9l4 4v14H6zM9 10h7M9 14h7M9 18h4"
_PATH = "M5 6h6v5H5zm8 7h6v5h-6zM8 11v4.5h5"
_TURN = "M19 8a8 8 0 1 0 1 5M19 3.5V8h-4.5"
_COIN = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 7.5 12 12l3.5-4.5M8.5 12h7m-7 3h7M12 12v5"
_PEN = "M4 20h4L19 9l-4-4L4 16zM13 7l4 4"
_CAP = "M3 6.5 12 3l9 3.5-9 3.5zM6.5 8.5V14c1.5 1.5 3.5 2 5.5 2s4-.5 5.5-2V8.5M21 6.5V13"
_CHECK_IN = "M5 5h14v16H5zM8 3v4m8-4v4M5 10h14m-10 5 2 2 4-4"
_DRAW = "M12 3 21 8v8l-9 5-9-5V8zM3 8l9 5 9-5M12 13v8"
_CASE = "M4 8h16v11H4zM9 8V5h6v3M4 13h16"
_LENS = "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21"
_PEOPLE = "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c.3-4 2.5-6 6-6s5.7 2 6 6M16 5c3 1 3 5 0 6m2 3c2 1 3 3 3 6"
_SEAL = "M5 4h14v11H5zM8.5 8h7M8.5 11h4M13 15v6l2.5-1.5L18 21v-6"
_TICKED = "M6 3h9l4 4v14H6zM9 13.5l2.5 2.5 4-4.5"
_SHIELD = "M12 3 19 6v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM12 8v5m0 3v.2"
_DATA = "M5 20V11m5 9V5m5 15v-7m5 7V8"
_REVIEW = "M6 3h9l4 4v14H6zM9 9h4M9 12h3M18 18l3 3M15 18.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
_HOUSE = "M3 9.5 12 4l9 5.5M5 10v8m4.5-8v8m5-8v8M19 10v8M3 20.5h18"


def offers_of(book: Rulebook, *, logged_in: bool) -> tuple[Offers, ...]:
    """By who needs them. Pages of agencies and staff name no pool, so who is not logged in gets there by the pool's
    log-in."""
    staff = _WorkPages(book.pool.code, STAFF, logged_in)
    agency = _WorkPages(book.pool.code, AGENCIES, logged_in)
    return (
        Offers("申请人、评标专家", tuple(_of_persons(book))),
        Offers(
            "招标人、代理机构",
            (
                Offer("抽取评标专家", "申请抽取、看结果", agency.address("/agency/draws"), _DRAW),
                Offer("项目登记", "登记项目和标段", agency.address("/agency/projects"), _CASE),
                Offer("酬劳支付", "核对、支付", agency.address("/agency/remuneration"), _COIN),
            ),
        ),
        Offers("公开查询", tuple(_of_everybody(book))),
        Offers(
            "审核、监督与管理",
            (
                *_of_reviewers(book, staff),
                Offer("核验与现场", "核验、监督、签到", staff.address("/draws"), _PEOPLE),
                Offer("专家库管理", "管理机构工作台", staff.address("/office"), _HOUSE),
            ),
        ),
    )


def find_offers(book: Rulebook, text: str, *, logged_in: bool) -> list[Offer]:
    """Those whose name or note shares two characters in a row with ``text``, each address once; none for shorter
    texts."""
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    offers = {offer.address: offer for group in offers_of(book, logged_in=logged_in) for offer in group.pages}
    return [each for each in offers.values() if any(pair in f"{each.name} {each.note}" for pair in pairs)]


def front_of(request: http.Request, books: Collection[str]) -> str:
    """Where pages that belong to no pool lead back to: the first page of the pool that ``?pool=`` names; that of all,
    or the own one, for who is logged in."""
    pool = request.query.get("pool", "")
    return f"/h5/{pool}" if pool in books and COOKIE not in request.cookies else "/"


def log_ins_of(pool: str) -> tuple[tuple[str, str], ...]:
    """The log-ins by role: name and address."""
    return tuple((name, _log_in(pool, group)) for group, name in GROUPS.items())


@dataclass(frozen=True)
class _WorkPages:
    """Pages without a pool in their address, of one group of roles."""

    pool: str
    group: str
    logged_in: bool

    def address(self, page: str) -> str:
        return page if self.logged_in else f"{_log_in(self.pool, self.group)}&{urlencode({'next': page})}"


def _log_in(pool: str, group: str) -> str:
    return f"/h5/login?{urlencode({'pool': pool, 'role': group})}"


def _of_persons(book: Rulebook) -> Iterator[Offer]:
    at = f"/h5/{book.pool.code}"
    if book.registration.open:
        yield Offer("申请入库", "注册、填表", f"{at}/apply", _FORM)
        yield Offer("查申请进度", "到哪一步、谁在办", f"{at}/apply", _PATH)
        if "renewal" in book.campaigns.entry_types:
            yield Offer("续聘", "聘期将满时办理", f"{at}/apply?entry_type=renewal", _TURN)
    if book.fee is not None:
        yield Offer("缴费", "在线缴费、取发票", f"{at}/pay", _COIN)
    if "exam" in book.entry.stages:
        yield Offer("考试", "安排、答题、成绩", f"{at}/exams", _PEN)
    if book.course.offered:
        yield Offer("继续教育", "选课、学习、测试", f"{at}/courses", _CAP)
    yield Offer("评标签到", "邀请、签到、请假", f"{at}/panels", _CHECK_IN)
    yield Offer("评标酬劳", "核对、确认、催付", f"{at}/remuneration", _COIN if book.fee is None else _CASE)


def _of_reviewers(book: Rulebook, pages: _WorkPages) -> Iterator[Offer]:
    if book.registration.open:
        yield Offer("资格审核", "审核入库申请", pages.address("/review"), _REVIEW)


def _of_everybody(book: Rulebook) -> Iterator[Offer]:
    pool = book.pool.code
    yield Offer("核对抽取记录", "任何人都可核对", f"/record?pool={pool}", _LENS)
    if book.notice is not None:
        yield Offer("入库公示", "公示期内可提异议", f"/h5/{pool}/notice", _PEOPLE)
    if book.certificate.issued:
        yield Offer("证书核验", "扫码或输编号", f"/c?pool={pool}", _SEAL)
    if book.registration.open:
        yield Offer("核对表格", "输入校验码", f"/p?pool={pool}", _TICKED)
    yield Offer("公开数据", "抽取活动的数据文件", f"/open-data/{pool}", _DATA)
    yield Offer("举报", "可以匿名", f"/h5/{pool}/reports/new", _SHIELD)
