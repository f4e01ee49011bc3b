"""An expert's own record."""

from __future__ import annotations

from typing import cast

import pytest

from domain.errors import Forbidden
from domain.rulebook.book import Rulebook
from models.experts import CatalogueEntry, Employment
from services.core.base import Actor, Deps
from services.experts.profile import ExpertProfiles
from tests.factories.people import BEGINNING, make_expert

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def experts(deps: Deps) -> ExpertProfiles:
    return ExpertProfiles(deps)


async def test_one_s_own_file_is_masked_and_in_words(experts: ExpertProfiles, deps: Deps) -> None:
    await CatalogueEntry.create(pool="demo", kind="specialty", code="A0401", name="建筑工程")
    await CatalogueEntry.create(pool="demo", kind="qualification", code="Q0201", name="一级注册建筑师", parent="Q02")
    expert = await make_expert(deps, "13800009999", id_number="11010519491231002X", qualifications=["Q02", "Q0201"])
    await Employment.create(expert_id=expert.id, unit_name="现单位", since=BEGINNING)
    await Employment.create(expert_id=expert.id, unit_name="旧单位", until=BEGINNING)
    profile = await experts.profile(Actor("demo", "expert", None, expert.id))
    assert (profile.masked_name, profile.masked_id_number, profile.masked_mobile) == (
        "欧**",
        "1101***002X",
        "138****9999",
    )
    assert [(named.code, named.name) for named in profile.specialties] == [("A0401", "建筑工程")]
    assert [named.code for named in profile.qualifications] == ["Q0201"]
    assert profile.employers == ("现单位",)
    shown = repr(profile)
    assert "欧阳锋" not in shown
    assert "13800009999" not in shown


async def test_only_experts_of_the_pool_have_a_record(experts: ExpertProfiles, deps: Deps) -> None:
    temporary = await make_expert(deps, membership_status="temporary")
    gone = await make_expert(deps, left_at=BEGINNING)
    for actor in (Actor("demo", "expert", None, gone.id), Actor("guangdong", "expert", None, temporary.id)):
        with pytest.raises(Forbidden, match="只对在库专家开放"):
            await experts.profile(actor)


async def test_where_no_draw_asks_for_willing_regions_none_are_shown(
    experts: ExpertProfiles, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = await make_expert(deps)
    actor = Actor("demo", "expert", None, expert.id)
    assert (await experts.profile(actor)).willing_regions == ()
    book = deps.book("demo")
    draw = book.draw.model_copy(update={"region_modes": ("permanent",)})
    monkeypatch.setitem(cast("dict[str, Rulebook]", deps.rulebooks), "demo", book.model_copy(update={"draw": draw}))
    assert (await experts.profile(actor)).willing_regions is None
