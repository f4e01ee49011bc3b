"""Shared by the fault tests of payments: persons with a fee, persons who pay, and both sides' accounts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import aiohttp

from app.commands.database import deps_for
from app.demo.data import POOL, load_catalogues_of
from app.demo.stage import DemoStage, stage
from app.players.browser import WebBrowser
from app.players.http_client import HttpClient, Json, Refused
from app.players.mini_program import MiniProgram
from app.players.office import PoolOffice
from app.players.payers import Payer
from app.players.people import OFFICES, check_sign
from app.players.phones import NotArrived
from config.settings import Settings
from domain.clock import local
from domain.ids import new_id
from models.accounts import Account, RoleGrant, WechatIdentity
from models.applications import Application, ApplicationSection
from models.payments import Fee
from services.accounts import account_by_mobile
from services.applications.repository import seal_values
from services.core.base import Deps, rows, transaction
from services.operations import find_broken, find_broken_audit
from tests.drivers.phones import press_by_script
from tests.faults.draws import DrawDriver, retry_query
from tests.plugins.data_folders import data_folder

T = TypeVar("T")
AMOUNT = 100
"""The demo pool's fee in fen."""
PURSE = 1_000_000
"""Fen in each wallet at first."""
DEBTORS, FRIENDS = 64, 40
WAYS = ("mini", "native", "jsapi", "for_other")
ADMIN = next(person for person in OFFICES if person.role == "admin")
REFUSALS = frozenset({400, 403, 404, 409, 422})

_LEFT = (
    "SELECT 'event ' || kind AS what, outcome AS state FROM pay_event WHERE applied_at IS NULL UNION ALL "
    "SELECT 'order ' || out_trade_no, state FROM pay_order WHERE state IN ('new', 'open') UNION ALL "
    "SELECT 'refund ' || out_refund_no, state FROM refund WHERE state <> 'done' UNION ALL "
    "SELECT 'invoice', i.state FROM invoice i WHERE i.state NOT IN ('sent', 'reversed') OR i.receipt_sent_at IS NULL "
    "OR (i.state = 'reversed' AND i.reversal_sent_at IS NULL) UNION ALL "
    "SELECT 'notice ' || kind, state FROM notice WHERE state = 'active' AND next_at <= $1 UNION ALL "
    "SELECT 'paid, and waiting', a.state FROM application a JOIN fee f ON f.application_id = a.id "
    "WHERE a.state = 'fee' AND f.state = 'paid'"
)
_PAID = (
    "SELECT out_trade_no, transaction_id, amount, refunded, surplus FROM pay_order WHERE state IN ('paid', 'refunded')"
)
_ENTERED = (
    "SELECT f.expert_number, f.state AS fee, a.state, (SELECT count(*) FROM review_entry e "
    "WHERE e.application_id = a.id AND e.event = 'enter') AS entries, (SELECT count(*) FROM expert x "
    "WHERE x.account_id = a.account_id) AS files, (SELECT count(*) FROM notice n WHERE n.kind = 'fee_paid' "
    "AND n.account_id = f.account_id) AS told, (SELECT count(*) FROM audit_entry u WHERE u.action = 'fee.paid' "
    "AND u.subject_id = f.id) AS recorded FROM fee f JOIN application a ON a.id = f.application_id "
    "WHERE f.expert_number = ANY($1::text[])"
)


@dataclass(frozen=True)
class Debtor:
    """An approved person who has to pay. ``at`` is the person's index."""

    at: int

    @property
    def mobile(self) -> str:
        return f"1390000{self.at:04}"

    @property
    def number(self) -> str:
        """The person's expert number."""
        return f"YS8800{self.at:04}"

    @property
    def email(self) -> str:
        return f"debtor{self.at}@mail.example"

    @property
    def id_number(self) -> str:
        first = f"44010619800101{self.at:03}"
        return first + check_sign(first)


def friend_mobile(at: int) -> str:
    return f"1380000{at:04}"


# ---- before the start


async def let_owe(settings: Settings) -> None:
    """Make the office, and debtors who are approved by rows instead of forms."""
    async with deps_for(settings) as deps:
        await load_catalogues_of(deps, settings.rulebooks.parent / "catalogues")
        async with transaction():
            office = await account_by_mobile(deps, POOL, ADMIN.mobile)
            await RoleGrant.create(account_id=office.id, role="pool_admin", scope="", granted_at=deps.now())
        appid = settings.wechat.accounts[POOL].appid
        for at in range(DEBTORS):
            await make_debtor(deps, Debtor(at), appid)


async def make_debtor(deps: Deps, debtor: Debtor, appid: str) -> None:
    from sandbox.phones import openid_of  # openids as the sandbox makes them, so that messages reach the phone

    now = deps.now()
    account = await Account.create(
        pool=POOL,
        mobile_sealed=deps.keys.seal(debtor.mobile, "mobile"),
        real_name=f"欠费{debtor.at}",
        mobile_hash=deps.keys.lookup_hash("mobile", debtor.mobile),
        registered_at=now,
        id_number_sealed=deps.keys.seal(debtor.id_number, "id_number"),
        id_number_hash=deps.keys.lookup_hash("id_number", debtor.id_number),
        privacy_version=deps.book(POOL).pool.privacy_version,
        privacy_accepted_at=now,
        created_at=now,
    )
    await WechatIdentity.create(
        pool=POOL,
        app="oa",
        appid=appid,
        openid=openid_of(appid, debtor.mobile),
        account_id=account.id,
        created_at=now,
        bound_at=now,
    )
    application = await Application.create(
        pool=POOL,
        number=f"SQ9900{debtor.at:04}",
        account_id=account.id,
        entry_type="first",
        state="fee",
        state_since=now,
        approved_at=now,
        expert_number=debtor.number,
        region="440106",
        region_path=["440106", "440100", "440000"],
        name=account.real_name,
        created_at=now,
    )
    sealed = seal_values(deps, {"email": debtor.email})
    await ApplicationSection.create(application_id=application.id, code="basic", values_sealed=sealed, saved_at=now)
    await Fee.create(
        id=new_id(),
        pool=POOL,
        kind="training",
        application_id=application.id,
        account_id=account.id,
        expert_number=debtor.number,
        amount=AMOUNT,
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(days=30),
        state="due",
        notified_at=now,
        created_at=now,
    )


@asynccontextmanager
async def running_payment_driver() -> AsyncIterator[PaymentDriver]:
    """Everything started, phones handed out, eight in the morning."""
    with data_folder("money") as folder:
        async with stage(folder, prepare=[let_owe], durable=False) as demo_stage:
            payment_driver = PaymentDriver(demo_stage, replace(demo_stage.http_client, timeout=150.0))
            await payment_driver.begin()
            yield payment_driver


# ---- the people


@dataclass
class Sheet:
    """WeChat's cashier, open on a phone."""

    payer: Payer
    cashier: Json
    out_trade_no: str

    async def confirm(self, *, wait: bool = True) -> bool:
        """Pay; False when the cashier refuses: paid, closed or over."""
        body = {"phone": self.payer.phone.mobile, "cashier": self.cashier["cashier"], "wait": wait}
        try:
            await self.payer.phone.http_client.control("/pay/confirm", body)
        except Refused as refusal:
            if refusal.status != 400:
                raise
            return False
        return True


@dataclass
class PaymentDriver:
    stage: DemoStage
    http_client: HttpClient
    draw_driver: DrawDriver = field(init=False)
    minis: dict[str, MiniProgram] = field(default_factory=dict)
    debtors: list[Debtor] = field(default_factory=lambda: [Debtor(at) for at in range(DEBTORS)])
    used: list[Debtor] = field(default_factory=list)
    """Debtors whose fee must stay paid after their test."""
    refusals: list[str] = field(default_factory=list)
    """Why a person could not open the cashier, for the message of a failing test."""

    def __post_init__(self) -> None:
        self.draw_driver = DrawDriver(self.stage)

    async def begin(self) -> None:
        now = local(await self.stage.now())
        await self.stage.advance_to((now + timedelta(days=1)).replace(hour=8, minute=0, second=0))
        people = [{"mobile": debtor.mobile, "name": f"欠费{debtor.at}", "follows": True} for debtor in self.debtors]
        people += [{"mobile": friend_mobile(at), "name": f"朋友{at}", "follows": False} for at in range(FRIENDS)]
        phones = [{**person, "pool": POOL, "role": "applicant"} for person in people]
        await self.http_client.control("/phones/bulk", {"phones": phones})

    def take(self, count: int) -> list[Debtor]:
        """Debtors that no other test has used."""
        taken, self.debtors = self.debtors[:count], self.debtors[count:]
        assert len(taken) == count, "raise DEBTORS"
        self.used += taken
        return taken

    def payer(self, mobile: str) -> Payer:
        return Payer(replace(self.stage.phone(mobile, POOL), http_client=self.http_client))

    async def mini(self, mobile: str, role: str = "") -> MiniProgram:
        if mobile not in self.minis:
            opened = MiniProgram(self.http_client, self.payer(mobile).phone, role)
            await opened.open()
            self.minis[mobile] = opened
        return self.minis[mobile]

    async def office(self) -> PoolOffice:
        return PoolOffice(await self.mini(ADMIN.mobile, "pool_admin"))

    async def fault(self, kind: str, **more: object) -> None:
        await self.http_client.control("/faults", {"vendor": "pay", "kind": kind, **more})

    async def clear(self) -> None:
        await self.http_client.control("/faults/clear", {})

    # ---- paying

    async def open_sheet(self, debtor: Debtor, way: str, friend: int = 0) -> Sheet | None:
        """Order and open the cashier; None when the service or the cashier says that nothing is to be paid.

        Who is thrown out opens the mini-program anew: a log-in code counts once, also in a log-in that was killed.
        """
        friend = (friend + 5 * int(debtor.number[-4:])) % FRIENDS  # look-ups of numbers an hour are limited
        for _ in range(8):
            try:
                return await self._open(debtor, way, friend)
            except Refused as refusal:
                self.refusals.append(f"{debtor.number} {way}: {refusal}")
                if refusal.status in REFUSALS:
                    return None
                if refusal.status != 401:
                    raise
            self.minis.clear()
            await asyncio.sleep(0.5)
        raise AssertionError(self.refusals)

    async def _open(self, debtor: Debtor, way: str, friend: int) -> Sheet:
        other = self.payer(friend_mobile(friend))
        if way == "jsapi":
            return await self._sheet(other, await self._by_page(debtor, friend_mobile(friend)))
        mini = await self.mini(other.phone.mobile if way == "for_other" else debtor.mobile)
        fee = (await mini.post("/payments/lookups", {"number": debtor.number}))["id"]
        trade = "native" if way == "native" else "mini"
        ordered = await mini.post(f"/payments/fees/{fee}/orders", {"trade": trade})
        if way == "native":
            cashier = await other.scan(ordered["code_url"])
            return Sheet(other, cashier, str(cashier["out_trade_no"]))
        payer = self.payer(mini.phone.mobile)
        return await self._sheet(payer, ordered["parameters"] | {"appId": await payer.mini_appid()})

    async def _sheet(self, payer: Payer, parameters: Json) -> Sheet:
        cashier = await payer.call_cashier(parameters)
        return Sheet(payer, cashier, str(cashier["out_trade_no"]))

    async def _by_page(self, debtor: Debtor, mobile: str) -> Json:
        """In WeChat's own browser: the page by number, and what its script gets. Patient like everybody."""
        base = f"{self.http_client.sandbox_url}/phone/{mobile}/service"
        give_up = asyncio.get_running_loop().time() + self.http_client.timeout
        while True:
            browser = WebBrowser(self.http_client, base)
            try:
                if (await browser.open(f"/h5/{POOL}/pay/{debtor.number}")).status < 500:
                    order = await press_by_script(browser, "立即支付")
                    parameters: Json = order["parameters"]
                    return parameters
            except Refused as refusal:
                if refusal.status < 500:
                    raise
            except NotArrived as missing:
                # the page is there, and nothing to be paid on it, or who retried so often has to wait
                if browser.page.status in (200, 429):
                    raise Refused(409, {"page": browser.page.text}, "pay page") from missing
            except (aiohttp.ClientError, TimeoutError) as error:
                self.refusals.append(f"{debtor.number} page: {error!r}")
            assert asyncio.get_running_loop().time() < give_up, browser.page.text
            await asyncio.sleep(0.3)

    async def pay(self, debtor: Debtor, way: str, friend: int = 0) -> bool:
        """Order and pay; returns whether money was paid."""
        sheet = await self.open_sheet(debtor, way, friend)
        return sheet is not None and await sheet.confirm()

    async def pay_at_once(self, debtor: Debtor, *ways: str) -> list[bool]:
        """Several people have the cashier open, and confirm at the same moment."""
        opened = await asyncio.gather(*(self.open_sheet(debtor, way, at) for at, way in enumerate(ways)))
        return await asyncio.gather(*(sheet.confirm() for sheet in opened if sheet is not None))

    # ---- time

    async def live(self, minutes: int) -> None:
        """Let time go by in steps shorter than a signature's validity."""
        for _ in range(-(-minutes // 4)):
            await self.draw_driver.nudge(240)

    async def settle(self, timeout: float = 90.0) -> None:
        """The platform is well again, and time goes by until nothing is under way.

        In the last third by hours: what was refused may be tried again after a day.
        """
        await self.clear()
        now = asyncio.get_running_loop().time
        begun = now()
        while left := await self.list_unsettled():
            waited = now() - begun
            assert waited < timeout, left
            await self.draw_driver.nudge(240 if waited < timeout * 2 / 3 else 3600)

    async def wait_until(self, look: Callable[[], Awaitable[T | None]], timeout: float = 60.0) -> T:
        """Wait for a result of ``look`` that is not None; time goes by meanwhile."""
        give_up = asyncio.get_running_loop().time() + timeout
        while not (value := await look()):
            assert asyncio.get_running_loop().time() < give_up, await self.list_unsettled()
            await self.draw_driver.nudge(60)
        return value

    async def list_unsettled(self) -> list[str]:
        now = await self.stage.now()
        return [f"{row['what']} {row['state']}" for row in await retry_query(lambda: rows(_LEFT, now))]

    # ---- what must hold afterwards

    async def check(self, debtors: Sequence[Debtor]) -> None:
        """Both sides' books agree fen by fen, and each of the debtors paid, went on and was told once."""
        broken = await retry_query(find_broken) + await retry_query(lambda: find_broken_audit(self.stage.deps))
        assert not broken, "\n".join(broken)
        await self._check_books()
        entered = {row["expert_number"]: row for row in await rows(_ENTERED, [debtor.number for debtor in debtors])}
        for debtor in debtors:
            row = dict(entered[debtor.number])
            assert (row["fee"], row["state"]) == ("paid", "entered"), row
            assert [row[name] for name in ("entries", "files", "told", "recorded")] == [1, 1, 1, 1], row
            await self._check_receipt_emails(debtor)

    async def _check_books(self) -> None:
        ours = {row["out_trade_no"]: row for row in await rows(_PAID)}
        theirs = {order["out_trade_no"]: order for order in await self.orders() if order.get("transaction_id")}
        assert {number: (row["transaction_id"], row["amount"], row["refunded"]) for number, row in ours.items()} == {
            number: (order["transaction_id"], order["amount"]["total"], order["refunded"])
            for number, order in theirs.items()
        }
        refunds = await rows("SELECT out_refund_no, amount, state FROM refund")
        there = (await self.http_client.control("/pay/refunds"))["refunds"]
        assert {(row["out_refund_no"], row["amount"], row["state"] == "done") for row in refunds} == {
            (refund["out_refund_no"], refund["amount"]["refund"], refund["status"] == "SUCCESS") for refund in there
        }
        paid = (await rows("SELECT count(*) AS n FROM fee WHERE state = 'paid'"))[0]["n"]
        assert await self._spent_by_all() == paid * AMOUNT, "people are short of their fees, and of nothing else"

    async def orders(self, debtor: Debtor | None = None) -> list[Json]:
        """The platform's orders of one debtor or of all."""
        orders = list((await self.http_client.control("/pay/orders"))["orders"])
        if debtor is None:
            return orders
        own = await rows(
            "SELECT o.out_trade_no FROM pay_order o JOIN fee f ON f.id = o.fee_id WHERE f.expert_number = $1",
            debtor.number,
        )
        return [order for order in orders if order["out_trade_no"] in {row["out_trade_no"] for row in own}]

    async def _spent_by_all(self) -> int:
        phones = (await self.http_client.control("/phones?limit=500"))["phones"]
        purses = [(await self.http_client.control(f"/phones/{phone['mobile']}/wallet"))["balance"] for phone in phones]
        return sum(PURSE - purse for purse in purses)

    async def check_paid_back(self, debtor: Debtor) -> None:
        """Both sides' books agree; the fee went back, its invoice is reversed on both sides, and that was mailed."""
        self.used.remove(debtor)
        broken = await retry_query(find_broken)
        assert not broken, "\n".join(broken)
        await self._check_books()
        [row] = await rows(
            "SELECT f.state AS fee, i.state, i.apply_id, i.number, i.red_number FROM invoice i JOIN fee f "
            "ON f.id = i.fee_id WHERE f.expert_number = $1",
            debtor.number,
        )
        assert (row["fee"], row["state"]) == ("refunded", "reversed")
        applications = (await self.http_client.control("/pay/fapiao"))["applications"]
        [known] = [application for application in applications if application["fapiao_apply_id"] == row["apply_id"]]
        [there] = known["fapiao_information"]
        assert (there["status"], there["red_fapiao"]["fapiao_number"]) == ("REVERSED", row["red_number"])
        emails = (await self.http_client.control(f"/mail?to={debtor.email}"))["emails"]
        told = {await self._message_id(email["id"]) for email in emails if "冲红" in email["subject"]}
        assert len(told) == 1

    async def _check_receipt_emails(self, debtor: Debtor) -> None:
        """One receipt. It may come twice when a worker is killed, but then as the same message."""
        emails = (await self.http_client.control(f"/mail?to={debtor.email}"))["emails"]
        receipts = [email for email in emails if any("receipt" in file["name"] for file in email["attachments"])]
        names = Counter([await self._message_id(email["id"]) for email in receipts])
        assert len(names) == 1, (debtor, names)

    async def _message_id(self, email_id: int) -> str:
        async with self.http_client.http.get(f"{self.http_client.sandbox_url}/control/mail/{email_id}/raw") as got:
            lines = (await got.text()).splitlines()
        return next(line for line in lines if line.lower().startswith("message-id:"))
