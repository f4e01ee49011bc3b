"""Plausible data for the demonstration: experts, an agency, staff. The same seed gives the same people.

The cast (``app.players.people``) has phones in the sandbox and can be drawn; the extras fill the pool and stay out of
the cast's specialty, so that a demonstration never calls a phone outside the cast.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from stdnum.cn import uscc

from app.players.people import AGENCY, AGENCY_CODE, CAST, REVIEWERS, DemoPerson, check_sign
from app.rulebook_files import load_catalogues
from domain.catalogues import CatalogueItem, Kind
from domain.rulebook.book import Rulebook
from models.accounts import RoleGrant
from models.campaigns import Campaign, Employer
from models.draws import SupervisorEntry
from models.experts import Expert
from models.organisations import AgentLink, Organisation
from models.reviews import ReviewAssignment
from services.accounts import account_by_mobile
from services.catalogues import Catalogues
from services.core.base import Deps, system, transaction
from services.core.pinyin import sort_name
from services.experts import COLUMNS, ExpertImport

POOL = "demo"
SPECIALTY = "A0801"
"""The specialty of the whole cast (建筑工程施工), which no extra has."""

REGION = "440106"
SUPERVISING = "演示市住房和城乡建设局"
"""The region of the cast's supervisor."""
_GRANTS = {"verifier": "verifier", "supervisor": "supervisor", "venue": "venue", "admin": "pool_admin"}
"""Role granted to each member of the cast, by the cast's role."""
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾"
    "肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰文辉建国志远晓东海燕春梅思慧雪婷俊峰嘉欣宇航子轩雨桐浩然佳怡鹏飞"
)
CITIES = ("广州", "深圳", "佛山", "东莞", "珠海", "惠州", "中山", "江门", "湛江", "汕头")
STYLES = ("粤建", "南岭", "珠江", "岭海", "云山", "海珠湾", "五羊", "木棉", "鹏程", "金穗", "华岭", "新域")
TRADES = ("工程咨询", "建筑设计", "工程监理", "市政工程", "造价咨询", "勘察设计", "建设工程", "项目管理")
_DAYS = 12_000
_OLDEST = date(1962, 1, 1)


@dataclass(frozen=True)
class DemoReport:
    """What was loaded; ``experts`` is 0 when they existed already."""

    experts: int
    staff: int


@dataclass(frozen=True)
class PersonCodes:
    """Codes used in generated data."""

    regions: tuple[str, ...]
    specialties: tuple[str, ...]
    titles: tuple[str, ...]
    qualifications: tuple[str, ...]
    departments: tuple[str, ...]


def codes_of(catalogues: Mapping[Kind, Sequence[CatalogueItem]]) -> PersonCodes:
    """Districts, and the codes of each other catalogue for extras: leaves, without the cast's specialty."""
    parents = {kind: {entry.parent for entry in entries} for kind, entries in catalogues.items()}

    def leaves(kind: Kind) -> tuple[str, ...]:
        return tuple(entry.code for entry in catalogues[kind] if entry.code not in parents[kind])

    specialties = tuple(code for code in leaves("specialty") if not code.startswith(SPECIALTY[:3]))
    return PersonCodes(
        leaves("region"), specialties, leaves("title_level"), leaves("qualification"), leaves("department")
    )


def render_sheet(
    codes: PersonCodes, *, seed: int, count: int, first: int = 0, cast: Sequence[DemoPerson] = ()
) -> bytes:
    """A sheet to import: the cast, then ``count`` extras from number ``first`` on, all distinct up to 12 million."""
    text = io.StringIO(newline="")
    sheet = csv.DictWriter(text, [column.name for column in COLUMNS])
    text.write(",".join(column.title for column in COLUMNS) + "\r\n")
    for at, person in enumerate(cast):
        sheet.writerow(_cast_row(person, at))
    units = list(_units(random.Random(seed)))  # noqa: S311 (invented people, no secret)
    for index in range(first, first + count):
        sheet.writerow(_extra_row(index, codes, units, random.Random(f"{seed}:{index}")))  # noqa: S311 (as above)
    return text.getvalue().encode("utf-8-sig")


async def load_catalogues_of(deps: Deps, folder: Path) -> None:
    """Import the catalogues of every pool from ``config/catalogues``."""
    for pool, book in deps.rulebooks.items():
        await Catalogues(deps).replace(system(pool), pool_catalogues(book, folder))


def pool_catalogues(book: Rulebook, folder: Path) -> dict[Kind, list[CatalogueItem]]:
    """A pool's catalogues, parsed from their files. Raises CatalogueError."""
    return load_catalogues(folder, book.pool.region, book.pool.catalogue)


async def load_demo(deps: Deps, folder: Path, *, extras: int = 300, seed: int = 1) -> DemoReport:
    """Load catalogues of all pools, and in the demo pool the cast and ``extras``. Existing data are kept."""
    await load_catalogues_of(deps, folder)
    staff = await _load_staff(deps)
    await _open_campaign(deps)
    if await Expert.exists(pool=POOL):
        return DemoReport(0, staff)
    codes = codes_of(pool_catalogues(deps.book(POOL), folder))
    cast = [person for person in CAST if person.role == "expert"]
    sheet = render_sheet(codes, seed=seed, count=extras, cast=cast)
    report = await ExpertImport(deps).run(system(POOL), sheet, "csv")
    if report.errors:
        first = report.errors[0]
        raise RuntimeError(f"the demo sheet is bad at line {first.line}, {first.column}: {first.reason}")
    return DemoReport(report.created, staff)


async def _load_staff(deps: Deps) -> int:
    """Create accounts, roles and the agency of the cast, unless they exist."""
    made = 0
    async with transaction():
        for person in CAST:
            if person.role in ("expert", "applicant"):
                continue
            account = await account_by_mobile(deps, POOL, person.mobile)
            if account.real_name == person.name:
                continue
            account.real_name, made = person.name, made + 1
            await account.save(update_fields=["real_name"])
            await _give_role(deps, person.role, account.id)
        await _enter_supervisor(deps, next(person for person in CAST if person.role == "supervisor"))
    return made


async def _enter_supervisor(deps: Deps, person: DemoPerson) -> None:
    """Enter the supervisor into the office's register, from which the agency chooses."""
    hashed = deps.keys.lookup_hash("mobile", person.mobile)
    if not await SupervisorEntry.exists(pool=POOL, mobile_hash=hashed):
        await SupervisorEntry.create(
            pool=POOL,
            name=person.name,
            department=SUPERVISING,
            mobile_sealed=deps.keys.seal(person.mobile, "mobile"),
            mobile_hash=hashed,
            active_from=deps.now(),
        )


async def _give_role(deps: Deps, role: str, account_id: UUID) -> None:
    now = deps.now()
    if role == "reviewer":
        return  # reviewers get a review step instead, see _open_campaign
    if grant := _GRANTS.get(role):
        await RoleGrant.create(account_id=account_id, role=grant, granted_at=now)
        return
    organisation, _ = await Organisation.get_or_create(
        {"name": AGENCY, "assurance_level": 4, "created_at": now}, pool=POOL, credit_code=AGENCY_CODE
    )
    if role == "legal":
        organisation.legal_account_id = account_id
        await organisation.save(update_fields=["legal_account_id"])
        return
    until = now + deps.book(POOL).login.agent_link_max
    await AgentLink.create(
        organisation_id=organisation.id,
        account_id=account_id,
        valid_from=now,
        valid_until=until,
        accepted_at=now,
        created_at=now,
    )


async def _open_campaign(deps: Deps) -> None:
    """Create a campaign that is open for a year, employers to choose from, and a reviewer for each review step."""
    book, now = deps.book(POOL), deps.now()
    if await Campaign.exists(pool=POOL):
        return
    async with transaction():
        await Campaign.create(
            pool=POOL,
            name=f"{now.year}年评标专家常态征集",
            entry_types=list(book.campaigns.campaign_types),
            enrol_from=now - timedelta(days=1),
            enrol_until=now + timedelta(days=365),
            created_at=now,
            published_at=now,
            announcement="面向全省公开征集评标专家，符合条件的专业技术人员均可在线申请。",
        )
        for name, code in _units(random.Random(1)):  # noqa: S311 (invented units, no secret)
            await Employer.create(
                pool=POOL, name=name, name_sort=sort_name(name), credit_code=code, region="440100", created_at=now
            )
        for step, person in zip(book.review.steps, REVIEWERS, strict=False):
            account = await account_by_mobile(deps, POOL, person.mobile)
            await ReviewAssignment.create(
                pool=POOL, account_id=account.id, step=step.code, region=book.pool.region, granted_at=now
            )


def _cast_row(person: DemoPerson, at: int) -> dict[str, str]:
    return {
        "number": f"YS{at + 1:07}",
        "name": person.name,
        "id_number": person.id_number,
        "mobile": person.mobile,
        "permanent_region": REGION,
        "willing_regions": "440100；440300",
        "specialties": f"{SPECIALTY}{1 + at % 4:02}；{SPECIALTY}04",
        "title_level": "10" if at % 3 == 0 else "20",
        "qualifications": "",
        "department": "D02",
        "employer": f"演示建设第{at + 1}公司",
        "employer_code": _credit_code(100 + at),
        "employed_since": "2015-07-01",
        "membership_status": "",
        "active": "",
        "emergency": "是" if at % 3 == 1 else "否",
        "former": "",
        "recusal": "",
    }


def invent_name(rng: random.Random) -> str:
    """A common surname and one or two characters."""
    return rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice((1, 2, 2, 2))))


def invent_id_number(index: int, region: str) -> str:
    """An ID number of ``region``. Each ``index`` gives a different birthday and serial, up to 12 million."""
    born = _OLDEST + timedelta(days=index % _DAYS)
    first = f"{region}{born:%Y%m%d}{index // _DAYS % 1000:03}"
    return first + check_sign(first)


def _extra_row(index: int, codes: PersonCodes, units: Sequence[tuple[str, str]], rng: random.Random) -> dict[str, str]:
    """No two rows have the same ID number or mobile."""
    id_number = invent_id_number(index, rng.choice(codes.regions))
    unit, code = rng.choice(units)
    former, _ = rng.choice(units)
    left = date(2022, 1, 1) + timedelta(days=rng.randrange(1500))
    return {
        "number": f"YS1{index:09}",
        "name": invent_name(rng),
        "id_number": id_number,
        "mobile": f"199{10_000 + index:08}",
        "membership_status": "临时" if rng.random() < 0.03 else "正式",
        "active": "暂停" if rng.random() < 0.02 else "在库",
        "emergency": "是" if index % 10 == 0 else "否",
        "permanent_region": rng.choice(codes.regions),
        "willing_regions": "；".join(rng.sample(codes.regions, rng.randrange(4))),
        "specialties": "；".join(rng.sample(codes.specialties, rng.randint(1, 3))),
        "title_level": rng.choice(codes.titles),
        "qualifications": rng.choice(codes.qualifications) if rng.random() < 0.6 else "",
        "department": rng.choice(codes.departments),
        "employer": unit,
        "employer_code": code,
        "employed_since": f"{date(2001, 1, 1) + timedelta(days=rng.randrange(7500)):%Y-%m-%d}",
        "former": f"{former}||2000-01-01|{left:%Y-%m-%d}" if former != unit and rng.random() < 0.3 else "",
        "recusal": f"{rng.choice(units)[0]}|" if rng.random() < 0.1 else "",
    }


def _units(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Employers with credit codes."""
    for serial, city in enumerate(CITIES):
        for at, trade in enumerate(TRADES):
            yield f"{city}{rng.choice(STYLES)}{trade}有限公司", _credit_code(1000 + serial * 10 + at)


def _credit_code(serial: int) -> str:
    first = f"91440101MA5{serial:06}"
    return first + str(uscc.calc_check_digit(first))
