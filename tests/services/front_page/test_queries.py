"""What a pool's first page shows to everybody: campaigns, contacts of regions, material, persons on notice."""

from __future__ import annotations

from datetime import timedelta

from domain.ids import new_id
from models.materials import Material
from services.core.base import Deps
from services.front_page import FrontPageServices
from tests.drivers.statements import count_statements
from tests.factories.applications import make_campaign
from tests.factories.assembly import composed
from tests.factories.reviews import make_applicant, make_application, make_catalogues


async def make_material(deps: Deps, title: str, **columns: object) -> Material:
    now = deps.now()
    values = {
        "id": new_id(),
        "pool": "demo",
        "title": title,
        "category": "操作手册",
        "shown_from": now,
        "filename": "a.pdf",
        "media_type": "application/pdf",
        "size": 1000,
        "sha256": "0" * 64,
        "key": title,
        "created_at": now,
        "changed_at": now,
    }
    return await Material.create(**values | columns)


async def test_only_what_is_announced_is_shown_the_soonest_first(db: str, deps: Deps) -> None:
    now = deps.now()
    await make_campaign(deps, name="以后", opens=now + timedelta(days=9))
    await make_campaign(deps, name="现在")
    await make_campaign(deps, name="草稿", published_at=None)
    await make_campaign(deps, name="过去", opens=now - timedelta(days=40))
    await make_campaign(deps, name="提前结束", closed_at=now - timedelta(hours=1))
    await make_campaign(deps, name="将提前结束", closed_at=now + timedelta(hours=1), opens=now - timedelta(days=2))
    await make_campaign(deps, name="别的专家库", pool="guangdong")
    shown = await composed(FrontPageServices, deps).queries.read("demo")
    assert [(campaign.data.name, campaign.state) for campaign in shown.campaigns] == [
        ("将提前结束", "open"),
        ("现在", "open"),
        ("以后", "upcoming"),
    ]


async def test_contacts_of_regions_are_named_from_the_city_down_and_a_campaigns_count_first(
    db: str, deps: Deps
) -> None:
    await make_catalogues()
    await make_campaign(deps, advice={"440300": "0755-12345678", "999999": "没有这个地区的号码"})
    later = deps.now() + timedelta(days=3)
    await make_campaign(deps, opens=later, advice={"440300": "以后的号码", "440100": "020-12345678"})
    shown = await composed(FrontPageServices, deps).queries.read("demo")
    assert [(contact.region, contact.line) for contact in shown.contacts] == [
        ("广州市", "020-12345678"),
        ("深圳市", "0755-12345678"),
        ("999999", "没有这个地区的号码"),
    ]


async def test_material_and_persons_on_notice_are_counted_as_of_now(db: str, deps: Deps) -> None:
    now = deps.now()
    for number in range(4):
        await make_material(deps, f"手册{number}", changed_at=now - timedelta(days=number))
    await make_material(deps, "以后", shown_from=now + timedelta(days=1))
    await make_material(deps, "过去", shown_from=now - timedelta(days=2), shown_until=now)
    await make_catalogues()
    on_notice = {"notice_from": now, "notice_until": now + timedelta(days=3), "approved_at": now}
    await make_application(deps, await make_applicant(deps), state="notice", **on_notice)
    await make_application(deps, await make_applicant(deps))
    with count_statements() as statements:
        shown = await composed(FrontPageServices, deps).queries.read("demo")
    assert len(statements) == 1, str(statements)
    assert [material.title for material in shown.newest] == ["手册0", "手册1", "手册2"]
    assert (shown.materials, shown.on_notice, shown.campaigns, shown.contacts) == (4, 1, (), ())
