"""资料下载: one bubble with the available files, within WeChat's limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.materials import Material
from services.core.base import Actor
from services.files import MaterialData
from tests.factories.files import pdf
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World

LONGEST = 2048


@pytest.fixture
async def admin(world: World) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(world.office.deps)).id)


async def test_without_any_one_reads_where_to_look_instead(stranger: Phone) -> None:
    told = await stranger.says("资料下载")
    assert "目前没有可下载的资料" in told
    assert "办理指南" in told


async def test_each_file_is_a_link_under_its_category(world: World, stranger: Phone, admin: Actor) -> None:
    offered = world.services.files.materials
    form = await offered.add(admin, MaterialData("资格审查表<b>", "资格审查材料"), pdf())
    closed = await offered.add(admin, MaterialData("培训课件", "培训资料", audience="applicants"), pdf())
    for word in ("资料下载", "资料", "培训资料"):
        told = await stranger.says(word)
        assert told.index("【资格审查材料】") < told.index("【培训资料】")
        assert f'/h5/demo/materials/{form.id}">资格审查表‹b›</a>' in told
        assert str(closed.id) not in told
        assert '/h5/demo/materials">培训课件（登录后下载）</a>' in told
        assert "打开资料下载页" in told
    assert "资料下载" in await stranger.says("办理指南")


async def test_what_is_over_is_not_offered(world: World, stranger: Phone, admin: Actor) -> None:
    await world.services.files.materials.add(admin, MaterialData("旧指南", "操作手册"), pdf())
    await Material.all().update(shown_until=world.clock.now() + timedelta(seconds=1))
    world.clock.move(timedelta(seconds=1))
    assert "旧指南" not in await stranger.says("资料下载")


async def test_many_files_fit_into_one_bubble_and_the_rest_is_counted(
    world: World, stranger: Phone, admin: Actor
) -> None:
    for at in range(30):
        await world.services.files.materials.add(admin, MaterialData(f"第{at:02}份资料的标题稍微长一些", "模板"), pdf())
    told = await stranger.says("资料下载")
    shown = told.count("份资料的标题稍微长一些")
    assert len(told.encode()) <= LONGEST
    assert 3 < shown < 30
    assert f"……另有{30 - shown}项" in told
