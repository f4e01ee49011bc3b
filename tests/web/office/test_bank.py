"""The office's pages of the item bank, in a browser without scripts."""

from __future__ import annotations

import io

import aiohttp
import pytest

from domain.exams.items import mask_of
from models.accounts import RoleGrant
from models.exams import ExamItem, ExamItemKey, ExamItemVersion
from services.exams import ItemFilter, render_template
from tests.factories.exam_items import case, make_exam, make_items, multiple, single
from tests.factories.files import png
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, post, token_of, wrong_fields

IMPORT, NEW = "/office/bank/import", "/office/bank/new"
CSV = "题型,题干,选项A,选项B,答案,章节\n单选题,人数为,三人,五人,B,组成\n判断题,可以是双数,,,错,组成\n"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def send(visitor: Visitor, path: str, content: bytes, **typed: str) -> Visitor:
    data = aiohttp.FormData({**token_of(visitor), **typed})
    data.add_field("file", io.BytesIO(content), filename="a.csv" if content else "")
    return await visitor._show(await visitor.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))


# ---- writing


async def test_an_item_is_written_read_changed_and_retired(scene: Scene) -> None:
    admin = await scene.at("/office")
    await admin.get(admin.page.links["题库"])
    assert "题库还是空的" in admin.text
    await admin.get(admin.page.links["新建题目"])
    await admin.get(admin.page.links["多选题"])
    typed = {"stem": "应当回避的有", "option_0": "近亲属", "option_1": "同乡", "chapter": "回避"}
    await post(admin, NEW, kind="multiple", **typed)
    assert (admin.status, "没有正确答案" in admin.text) == (422, True)
    assert 'value="近亲属"' in await admin.response.text()
    typed |= {"option_2": "有利害关系的人", "right_0": "1", "right_2": "1", "difficulty": "4", "basis": "第十二条"}
    await post(admin, NEW, kind="multiple", **typed)
    assert ("题目已添加" in admin.text, "T00001" in admin.text, "第十二条" in admin.text) == (True, True, True)
    assert (await ExamItemKey.get()).mask == mask_of("AC")
    page = admin.path
    await admin.get(admin.page.links["修改"])
    html = await admin.response.text()
    ticked = [f'name="right_{at}" value="1" checked' in html for at in range(3)]
    assert (ticked, '<option value="shuffled" selected>' in html) == ([True, False, True], True)
    changed = typed | {"stem": "下列应当回避的有", "order": "shuffled"}
    assert 'name="version" value="1"' in html
    await post(admin, f"{page}/edit", version="1", **changed)
    assert ("已保存为新版本" in admin.text, "第1版" in admin.text) == (True, True)
    await post(admin, f"{page}/edit", **changed)
    assert "内容没有变化" in admin.text
    await post(admin, f"{page}/edit", version="1", **{**changed, "stem": "又改"})
    assert (admin.status, "刚刚被修改为第2版" in admin.text) == (409, True)
    await admin.get(page)
    await admin.press("停用")
    assert ("题目已停用" in admin.text, "恢复使用" in admin.page.buttons) == (True, True)
    await admin.press("恢复使用")
    assert (await ExamItem.get()).retired_at is None


async def test_a_poor_item_is_told_all_that_it_lacks(scene: Scene) -> None:
    admin = await scene.at(f"{NEW}?kind=multiple")
    await post(admin, NEW, kind="multiple", option_0="甲", option_1="甲", option_2="乙" * 301, difficulty="9")
    assert await wrong_fields(admin) == {
        "stem": "题干不能为空。",
        "option_1": "选项B与选项A相同。",
        "option_2": "选项C最多300个字。",
        "chapter": "章节不能为空。",
        "difficulty": "难度应为1至5的整数。",
    }
    assert "没有正确答案" in admin.text


async def test_each_kind_has_its_own_form(scene: Scene) -> None:
    admin = await scene.at(NEW)
    for kind, typed in {
        "single": {"option_0": "三人", "option_1": "五人", "right": "1"},
        "true_false": {"right": "1"},
        "short": {"answer": "要点一\r\n要点二"},
        "case": {},
    }.items():
        await admin.get(f"{NEW}?kind={kind}")
        await post(admin, NEW, kind=kind, stem=f"{kind}的题干", chapter="章", **typed)
        assert (kind, admin.status, "题目已添加" in admin.text) == (kind, 200, True)
    keys = {key.version_id: key for key in await ExamItemKey.all()}
    contents = {
        version.stem: (version.options, keys[version.id].mask, keys[version.id].answer)
        for version in await ExamItemVersion.all()
    }
    assert contents == {
        "single的题干": (["三人", "五人"], 2, ""),
        "true_false的题干": (["正确", "错误"], 2, ""),
        "short的题干": ([], 0, "要点一\n要点二"),
        "case的题干": ([], 0, ""),
    }


async def test_a_case_gets_its_parts(scene: Scene) -> None:
    (case_id,) = await make_items(scene.world.services.deps, case())
    admin = await scene.at(f"/office/bank/item/{case_id}")
    assert "还没有小题" in admin.text
    await admin.get(admin.page.links["添加小题"])
    assert "案例题" not in admin.page.links
    await admin.get(admin.page.links["判断题"])
    await post(admin, NEW, kind="true_false", case=str(case_id), stem="应当重新组建。", chapter="案例", right="0")
    assert "案例文字" in admin.text
    await admin.get(admin.page.links["案例题"])
    assert "应当重新组建。" in admin.text


async def test_a_like_question_is_asked_about_once_more(scene: Scene) -> None:
    await make_items(scene.world.services.deps, single())
    admin = await scene.at(f"{NEW}?kind=single")
    typed = {"kind": "single", "stem": single().stem, "chapter": "章", "option_0": "甲", "option_1": "乙", "right": "0"}
    await post(admin, NEW, **typed)
    assert (admin.status, "题干相同、选项不同" in admin.text, "仍然添加" in admin.page.buttons) == (409, True, True)
    assert 'name="again" value="1"' in await admin.response.text()
    await post(admin, NEW, again="1", **typed)
    assert "题目已添加" in admin.text


async def test_a_page_says_what_is_frozen(scene: Scene) -> None:
    (item_id,) = await make_items(scene.world.services.deps, single())
    attempt = await make_exam(scene.world.services.deps, item_id)
    admin = await scene.at(f"/office/bank/item/{item_id}")
    assert "正在进行，试卷使用第1版，修改不影响这场考试。" in admin.text
    assert admin.page.links["入库考试"] == f"/office/exams/{attempt.exam_id}"
    await admin.get(admin.page.links["修改"])
    assert "发现答案有误的，请在该考试中裁定" in admin.text


async def test_pictures_come_and_go(scene: Scene) -> None:
    (item_id,) = await make_items(scene.world.services.deps, single())
    page = f"/office/bank/item/{item_id}"
    admin = await scene.at(page)
    await send(admin, f"{page}/pictures", b"%PDF-1.7", alt="图")
    assert (admin.status, "这里只能上传JPG图片、PNG图片" in admin.text) == (422, True)
    await send(admin, f"{page}/pictures", b"", alt="图")
    assert "请选择图片。" in admin.text
    await send(admin, f"{page}/pictures", b"", alt="")
    assert await wrong_fields(admin) == {"alt": "请填写图片说明。", "picture": "请选择图片。"}
    await send(admin, f"{page}/pictures", png(), alt="评标流程图")
    assert "图片已添加" in admin.text
    (source,) = [
        quoted for quoted in (await admin.response.text()).split('"') if quoted.startswith("/h5/exam-picture/")
    ]
    shown = await admin.client.get(source)
    assert (shown.status, shown.content_type, (await shown.read())[:2]) == (200, "image/jpeg", b"\xff\xd8")
    stranger = scene.world.visitor()
    assert (await stranger.client.get(source)).status == 200
    for wrong in (source.replace("/1.jpg", "/2.jpg"), source.replace("/1.jpg", "/x.jpg")):
        assert (await stranger.client.get(wrong)).status == 404
    assert (await stranger.client.get("/h5/exam-picture/forged/1.jpg")).status == 403
    await admin.press("删除第1张图片")
    assert ("图片已删除" in admin.text, "第2版" in admin.text) == (True, True)


# ---- the list


async def test_the_list_is_searched_filtered_and_counted(scene: Scene) -> None:
    await make_items(scene.world.services.deps, single(), multiple(), *(single(f"第{at}题") for at in range(20)))
    admin = await scene.at("/office/bank")
    assert "第1/2页，共22题" in admin.text
    await admin.get("/office/bank?page=2&q=题")
    assert "第20题" not in admin.text
    await admin.get("/office/bank?kind=multiple")
    assert ("应当回避的有" in admin.text, "评标委员会成员" in admin.text) == (True, False)
    await admin.get("/office/bank?q=没有这样的")
    assert "请放宽条件" in admin.text
    await admin.get("/office/bank?state=retired&kind=nothing&difficulty=99&sort=x")
    assert (admin.status, "没有停用的题目" in admin.text) == (200, True)


# ---- files


async def test_a_file_is_looked_at_and_confirmed(scene: Scene) -> None:
    admin = await scene.at("/office/bank")
    await admin.get(admin.page.links["批量导入"])
    template = await admin.client.get(admin.page.links["下载CSV模板"])
    assert (template.status, await template.read()) == (200, render_template("csv"))
    await send(admin, IMPORT, CSV.encode("gb18030"))
    assert ("还没有添加任何题目" in admin.text, "新增 2题" in admin.text) == (True, True)
    assert not await ExamItem.exists()
    await admin.press("确认导入")
    assert ("导入完成" in admin.text, "新增 2题" in admin.text) == (True, True)
    assert await ExamItem.all().count() == 2


async def test_of_a_bad_one_the_good_lines_can_be_taken(scene: Scene) -> None:
    admin = await scene.at(IMPORT)
    await send(admin, IMPORT, f"{CSV}单选题,<b>题,甲,乙,C,组成\n".encode())
    assert "第4行 答案 答案超出了选项，最后一个选项是B。" in admin.text
    await admin.press("只导入无误的2题")
    assert "未导入 1题" in admin.text
    assert await ExamItem.all().count() == 2


async def test_what_the_bank_says_otherwise_is_decided(scene: Scene) -> None:
    (item_id,) = await make_items(scene.world.services.deps, single("人数为"))
    admin = await scene.at(IMPORT)
    await send(admin, IMPORT, CSV.encode())
    assert ("与题库不同 1题" in admin.text, "第2行 人数为" in admin.text) == (True, True)
    assert admin.page.links["打开题库中的题目"] == f"/office/bank/item/{item_id}"
    await admin.press("确认导入", way="")
    assert (admin.status, "请选择如何处理题库中已有的题目。" in admin.text) == (422, True)
    await admin.press("确认导入", way="version")
    assert "修改为新版本 1题" in admin.text
    assert (await ExamItem.get(code="T00001")).version == 2


async def test_what_cannot_be_read_is_said_beside_the_field(scene: Scene) -> None:
    admin = await scene.at(IMPORT)
    for content, message in ((b"", "请选择文件。"), (b"<quiz>", "不是有效的Moodle XML"), (b"a,b", "无法识别的列")):
        await send(admin, IMPORT, content)
        assert (admin.status, message in admin.text) == (422, True)
    assert (await admin.get("/office/bank/template.exe")).status == 404
    assert (await admin.get(f"{IMPORT}/nothing")).status == 404


async def test_each_form_of_export_is_a_file(scene: Scene) -> None:
    await make_items(scene.world.services.deps, single(), multiple())
    admin = await scene.at("/office/bank?kind=single")
    await admin.get(admin.page.links["导出"])
    assert "符合条件的1题" in admin.text
    for name, head in (("Excel", b"PK"), ("GIFT", b"$CATEGORY"), ("Moodle XML", b"<?xml")):
        link = next(path for label, path in admin.page.links.items() if label.startswith(name))
        got = await admin.client.get(link)
        body = await got.read()
        assert (got.status, body.startswith(head)) == (200, True)
        assert "attachment" in got.headers["Content-Disposition"]
    assert (await admin.get("/office/bank/export/pdf")).status == 404
    empty = await scene.at("/office/bank/export?q=没有这样的")
    assert "没有符合条件的题目" in empty.text


# ---- who may


async def test_others_do_not_get_in(scene: Scene) -> None:
    (item_id,) = await make_items(scene.world.services.deps, single())
    await RoleGrant.all().update(role="verifier")
    admin = await scene.visitor()
    for path in ("", "/new", "/import", "/export", "/export/xlsx", f"/item/{item_id}", f"/item/{item_id}/edit"):
        assert (path, (await admin.get(f"/office/bank{path}")).status) == (path, 403)
    assert (await scene.world.services.exams.bank_queries.page(scene.admin, ItemFilter())).total == 1
