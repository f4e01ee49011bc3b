"""A pool with rows in every state of every noun, for the pages of its office."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from openpyxl import load_workbook
from yarl import URL

from domain.ids import new_id
from domain.understanding.intents import Speaker, plain
from domain.understanding.scrubbing import scrub
from models.accounts import Account
from models.applications import Application
from models.campaigns import EmployerRequest
from models.helpdesk import Feedback
from models.misunderstood import MisunderstoodSentence
from models.payments import Bill, BillDifference, Invoice, PayOrder, Refund
from models.reviews import Objection
from services.core.base import Actor, transaction
from services.core.crypto import TEXT
from services.understanding.misunderstood import HASH_KIND
from tests.factories.applications import make_campaign, make_employer
from tests.factories.attachments import upload_file
from tests.factories.files import jpeg, pdf
from tests.factories.payments import make_fee
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import make_applicant, make_application, make_catalogues, make_reviewer
from tests.web.conftest import Visitor, World
from web.accounts.login import COOKIE

ADMIN_MOBILE = "13911112222"


@dataclass
class Scene:
    """``admin`` acts in services; ``visitor`` is the same person in a browser without scripts."""

    world: World
    admin: Actor
    account: Account
    applications: dict[str, Application] = field(default_factory=dict)

    async def visitor(self) -> Visitor:
        visitor = self.world.visitor()
        cookie = await self.world.services.accounts.web_sessions.begin(self.account)
        visitor.client.session.cookie_jar.update_cookies({COOKIE: cookie}, URL(str(visitor.client.make_url("/"))))
        return visitor

    async def at(self, path: str) -> Visitor:
        return await (await self.visitor()).get(path)


async def make_scene(world: World) -> Scene:
    """An administrator who is just logged in, and catalogues; nothing else yet."""
    await make_catalogues()
    account = await make_account(world.services.deps, ADMIN_MOBILE, real_name="周管理")
    await make_grant(account, "pool_admin")
    return Scene(world, Actor("demo", "pool_admin", account.id), account)


def token_of(visitor: Visitor) -> dict[str, str]:
    """The hidden fields that every form of the page carries."""
    fields = next(
        form["fields"] for form in visitor.page.forms if "form" in form["fields"] and form["method"] == "post"
    )
    return {name: fields[name] for name in ("form", "key") if name in fields}


async def post(visitor: Visitor, path: str, **typed: str) -> Visitor:
    """Send a form of the page that is shown, with exactly these fields beside the hidden ones."""
    return await visitor.post(path, {**token_of(visitor), **typed})


async def wrong_fields(visitor: Visitor) -> dict[str, str]:
    """What the page says beside its fields, by field and the suffix of its form; nothing may stand at the top."""
    markup = await visitor.response.text()
    assert 'class="bar bad"' not in markup
    return dict(re.findall(r'<p class="wrong" id="e-([^"]+)" role="alert">([^<]+)</p>', markup))


async def handed_in(scene: Scene, name: str, specialties: tuple[str, ...] = ("A0401",)) -> Application:
    """In review, with a photograph and a certificate."""
    services = scene.world.services
    owner = await make_applicant(services.deps, name)
    application = await make_application(services.deps, owner, specialties=specialties, state="draft", round=0)
    actor = Actor("demo", "applicant", owner.id)
    for part, filename, content in (
        ("photo", "寸照.jpg", jpeg(295, 413)),
        ("id_card_front", "身份证正面.jpg", jpeg(856, 540)),
        ("title_proof", "高级工程师证书.pdf", pdf()),
    ):
        await upload_file(
            services.applications.attachments, actor, application.id, part, row=0, filename=filename, content=content
        )
    async with transaction():
        row = await Application.select_for_update().get(id=application.id)
        row.state, row.round = "reviewing", 1
        await row.save()
        await services.workflows.reviews.begin(row, services.deps.now())
    scene.applications[name] = row
    return row


async def on_notice(scene: Scene, name: str = "何公示") -> Application:
    deps = scene.world.services.deps
    now = deps.now()
    application = await make_application(
        deps,
        await make_applicant(deps, name),
        state="notice",
        approved_at=now,
        expert_number="ZJ0009001",
        notice_from=now,
        notice_until=now + timedelta(days=3),
    )
    scene.applications[name] = application
    return application


async def objection(scene: Scene, application: Application) -> Objection:
    deps = scene.world.services.deps
    by = await make_applicant(deps, "丁实名")
    return await Objection.create(
        pool="demo",
        application_id=application.id,
        account_id=by.id,
        created_at=scene.world.clock.now(),
        text_sealed=deps.keys.seal("该同志的职称证书与公示单位不一致，请核实。", TEXT),
    )


async def paid(scene: Scene, name: str = "王小明", *, number: str = "ZJ0000777", **columns: Any) -> PayOrder:
    """An order of a person who was approved."""
    deps, now = scene.world.services.deps, scene.world.clock.now()
    application = await make_application(
        deps, await make_applicant(deps, name), state="exam", approved_at=now - timedelta(days=1), expert_number=number
    )
    fee = await make_fee(deps, application, state="paid", paid_at=now)
    values = {
        "out_trade_no": new_id().hex,
        "trade": "native",
        "appid": "wx-oa-demo",
        "amount": fee.amount,
        "description": "培训费",
        "state": "paid",
        "expires_at": now + timedelta(hours=1),
        "success_at": now,
        "transaction_id": f"4200{new_id().int % 10**24:024}",
        "created_at": now - timedelta(minutes=3),
    }
    return await PayOrder.create(id=new_id(), pool="demo", fee_id=fee.id, **values | columns)


async def refund(scene: Scene, order: PayOrder, **columns: Any) -> Refund:
    values = {
        "out_refund_no": f"R{order.out_trade_no}-1",
        "amount": order.amount,
        "reason": "重复报名",
        "state": "abnormal",
        "by": scene.account.id,
        "created_at": scene.world.clock.now(),
        "failure": "USER_ACCOUNT_ABNORMAL",
    }
    return await Refund.create(id=new_id(), pool="demo", order_id=order.id, **values | columns)


async def invoice(scene: Scene, order: PayOrder, **columns: Any) -> Invoice:
    keys = scene.world.services.deps.keys
    values = {
        "title": "广州水务设计院",
        "taxpayer_id": "91440101MA59ABCD0X",
        "issued_by": "office",
        "state": "wanted",
        "email_sealed": keys.seal("wang@example.com", "email"),
        "created_at": scene.world.clock.now(),
    }
    return await Invoice.create(id=new_id(), pool="demo", fee_id=order.fee_id, **values | columns)


async def bill(scene: Scene, day: date, *, differs: bool = False) -> Bill:
    now = scene.world.clock.now()
    row = await Bill.create(
        id=new_id(),
        pool="demo",
        day=day,
        state="differs" if differs else "equal",
        trades=12,
        received=420_000,
        refunded=35_000,
        compared_at=now,
    )
    if differs:
        await BillDifference.create(
            bill_id=row.id,
            kind="unknown_here",
            out_trade_no="T20261119000000001",
            theirs=35_000,
            note="账单有、本系统无",
        )
    return row


async def employer_request(scene: Scene, name: str = "深圳示范工程咨询有限公司") -> EmployerRequest:
    by = await make_applicant(scene.world.services.deps, "吴缺位")
    return await EmployerRequest.create(
        pool="demo",
        account_id=by.id,
        name=name,
        region="440300",
        note="新成立的公司",
        created_at=scene.world.clock.now(),
    )


async def feedback(scene: Scene, text: str = "建议在申请页显示审核部门的咨询电话。") -> Feedback:
    by = await make_applicant(scene.world.services.deps, "郑建议")
    writer = Actor("demo", "applicant", by.id)
    receipt = await scene.world.services.notifications.helpdesk.write(writer, text)
    return await Feedback.get(id=receipt.thread_id)


async def misunderstood(scene: Scene, sentence: str = "食堂在几楼", *, times: int = 1) -> MisunderstoodSentence:
    """A sentence that experts wrote to the chat in vain."""
    service = scene.world.services.understanding.misunderstood
    for number in range(times):
        assert await service.record("demo", [Speaker.EXPERT], sentence, ("members_secret",), f"{sentence}{number}")
    key = scene.world.services.deps.keys.lookup_hash(HASH_KIND, plain(scrub(sentence)))
    return await MisunderstoodSentence.get(pool="demo", sentence_hash=key)


async def fill(scene: Scene) -> dict[str, UUID]:
    """Make rows of every kind; returns the ids that pages need."""
    deps, clock = scene.world.services.deps, scene.world.clock
    campaign = await make_campaign(
        deps, announcement="请符合条件的专业人员在报名期内提交申请。", advice={"440100": "020-12345678"}
    )
    await make_campaign(
        deps, name="2027年第一批评标专家征集", opens=clock.now() + timedelta(days=60), published_at=None
    )
    for name in ("广东示范工程造价咨询有限公司", "广州粤建工程咨询有限公司", "深圳市轨道交通规划设计研究院有限公司"):
        await make_employer(deps, name)
    await employer_request(scene)
    first = await handed_in(scene, "欧阳建国", ("A0401", "A0801"))
    clock.move(timedelta(minutes=20))
    await handed_in(scene, "甡㛃䶮")
    locked = await make_application(deps, await make_applicant(deps, "卫打印"), state="locked", locked_version=1)
    for name, state in (("蒋退回", "sent_back"), ("沈入库", "entered"), ("韩未过", "refused")):
        ended = {"ended_at": clock.now()} if state != "sent_back" else {}
        await make_application(deps, await make_applicant(deps, name), state=state, campaign_id=campaign.id, **ended)
    await objection(scene, await on_notice(scene))
    await make_reviewer(deps, "industry", "440100", real_name="李审核")
    await make_reviewer(deps, "final", real_name="钱终审")
    await make_grant(await make_account(deps, real_name="王核验"), "verifier", deps.book("demo").draw.terminals[0])
    order = await paid(scene)
    await PayOrder.create(
        id=new_id(),
        pool="demo",
        fee_id=order.fee_id,
        out_trade_no=new_id().hex,
        trade="jsapi",
        appid="wx-oa-demo",
        amount=order.amount,
        description="培训费",
        state="closed",
        expires_at=clock.now(),
        created_at=clock.now(),
    )
    await refund(scene, await paid(scene, "冯退款", number="ZJ0000778"))
    await invoice(scene, order)
    sent = await paid(scene, "陈发票", number="ZJ0000779")
    await invoice(
        scene, sent, state="sent", number="24442000000012345678", sent_at=clock.now(), receipt_sent_at=clock.now()
    )
    day = await bill(scene, date(2026, 11, 20), differs=True)
    await bill(scene, date(2026, 11, 19))
    thread = await feedback(scene)
    await misunderstood(scene, times=2)
    await scene.world.services.understanding.paraphrase_editing.add(scene.admin, "评标那天车停在哪里", "page_trouble")
    ids = {"campaign": campaign.id, "application": first.id, "locked": locked.id, "order": order.id, "bill": day.id}
    return ids | {"feedback": thread.id}


def sheets(book: bytes) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Contents of an XLSX file, as its bytes also depend on the second of its making."""
    return [(sheet.title, list(sheet.iter_rows(values_only=True))) for sheet in load_workbook(io.BytesIO(book))]
