"""``/h5/{pool}/pay``: paying a fee, inside WeChat by JSAPI and elsewhere by a QR code, whose page shows the result.

Inside the mini-program, where pages have no cashier, it leads back to the native page.

Everything works without scripts except JSAPI, which only WeChat's own browser has. A page opened by number continues
with a token bound to fee and visitor, so that waiting does not count as look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import aiohttp.web as http

from domain.clock import local
from domain.errors import AppError, Forbidden, Unavailable
from domain.rulebook.reading import print_length
from services.payments import FeeView, PayableOrder, prove_receipt
from services.ports import PayParameters
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.user_agent import in_mini_program, is_wechat
from web.core.form_values import EMPTY, FormValues
from web.core.qr import path_of
from web.core.site import ON_PAGE, Site, show_pdf
from web.core.typed_forms import read_typed
from web.payments.visitors import PayVisitors, Visitor

_PURPOSE = "pay"
_TOKEN_TTL = timedelta(hours=3)
_ON_PAGE = ON_PAGE | {403, 404, 503}
_NOTES = {"kept": "开票信息已保存，发票会发送到您填写的邮箱。"}


@dataclass(frozen=True)
class _Order:
    """``way``: of WeChat's cashier, ``jsapi``, or by a code."""

    way: str


@dataclass(frozen=True)
class _Buyer:
    """Title, tax number and address of the invoice."""

    title: str
    taxpayer_id: str
    email: str


class PayPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._visitors = PayVisitors(site, services, auth)

    def add_routes(self) -> None:
        self._visitors.add_routes()
        self._site.get("/h5/{pool}/pay", self.home)
        self._site.get("/h5/{pool}/pay/{number}", self.fee)
        self._site.get("/h5/{pool}/pay-order/{token}", self.reopen)
        self._site.post("/h5/{pool}/pay-order/{token}", self.order)
        self._site.get("/h5/{pool}/pay-state/{token}", self.state)
        self._site.get("/h5/{pool}/pay-receipt/{fee_id}", self.receipt)
        self._site.get("/h5/{pool}/pay-invoice/{fee_id}", self.invoice)
        self._site.post("/h5/{pool}/pay-invoice/{fee_id}", self.correct)
        self._site.get("/h5/receipt/{token}", self.proof)

    # ---- looking

    async def home(self, request: http.Request) -> http.Response:
        """One's own fee; with ``?number=``, or without an own fee: a field for an expert number."""
        visitor = await self._visitors.visitor(request)
        typed = request.query.get("number", "").strip()
        if typed:
            return await self._by_number(request, visitor, typed)
        own = await self._services.payments.queries.list_own_fees(visitor.actor) if visitor.actor.account_id else ()
        if own and "other" not in request.query:
            first = next((fee for fee in own if fee.phase == "open"), own[0])
            wanted = next((fee for fee in own if str(fee.id) == request.query.get("fee")), first)
            return self._page(
                request,
                visitor,
                wanted,
                due=_other_due_fees(own, wanted),
                note=_NOTES.get(request.query.get("note", ""), ""),
            )
        return self._search(request, visitor, own=bool(own))

    async def fee(self, request: http.Request) -> http.Response:
        visitor = await self._visitors.visitor(request)
        return await self._by_number(request, visitor, request.match_info["number"])

    async def _by_number(self, request: http.Request, visitor: Visitor, number: str) -> http.Response:
        try:
            view = await self._services.payments.lookup.look_up(visitor.actor, number, viewer=visitor.viewer)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._search(request, visitor, number, error)
        return self._page(request, visitor, view, looked_up=True)

    def _search(
        self,
        request: http.Request,
        visitor: Visitor,
        number: str = "",
        error: AppError | None = None,
        *,
        own: bool = False,
    ) -> http.Response:
        """``own``: the visitor has fees, which another page shows."""
        book = self._services.deps.book(visitor.actor.pool)
        return self._site.render(
            "payments/search.html",
            status=error.status if error else 200,
            pool=visitor.actor.pool,
            number=number[:32],
            error=error.message if error else "",
            known=visitor.actor.account_id is not None,
            own=own,
            in_mini=in_mini_program(request),
            others=book.fee is not None and book.fee.pay_for_others,
            pool_name=book.pool.name,
            hotline=book.fee.hotline if book.fee else book.pool.hotline,
        )

    def _page(
        self,
        request: http.Request,
        visitor: Visitor,
        view: FeeView,
        *,
        ordered: PayableOrder | None = None,
        at_once: bool = False,
        looked_up: bool = False,
        due: Sequence[FeeView] = (),
        note: str = "",
        buyer: FormValues = EMPTY,
        error: AppError | None = None,
    ) -> http.Response:
        """``at_once``: the page's script opens the cashier without another tap. ``looked_up``: by a number, so that a
        fee paid already was perhaps paid by another. ``buyer``: the invoice's data as sent, with what was refused."""
        book = self._services.deps.book(visitor.actor.pool)
        invoice = book.fee.invoice if book.fee else None
        token, refusal = self._sign(view.id, visitor), error or buyer.error
        return self._site.render(
            "payments/pay.html",
            status=refusal.status if refusal else 200,
            pool=visitor.actor.pool,
            fee=view,
            note=note,
            error=error.message if error else "",
            buyer=buyer,
            token=token,
            way=_way_to_pay(request, visitor),
            wechat=is_wechat(request),
            ordered=ordered,
            at_once=at_once,
            looked_up=looked_up,
            title_within=print_length(invoice.correctable_for) if invoice and invoice.issued_by == "wechat" else "",
            can_pay_here=bool(visitor.openid),
            due=due,
            qr=path_of(ordered.code_url) if ordered else None,
            others=book.fee is not None and book.fee.pay_for_others,
            pool_name=book.pool.name,
            form=self._site.form_token("invoice", view.id, visitor.person),
        )

    def _sign(self, fee_id: UUID, visitor: Visitor) -> str:
        until = self._services.deps.now() + _TOKEN_TTL
        return self._services.links.sign(_PURPOSE, fee_id, visitor.person, until)

    async def _check_token(self, request: http.Request) -> tuple[Visitor, UUID]:
        """Raises Forbidden for a token that is expired or another visitor's."""
        visitor = await self._visitors.visitor(request)
        link = self._services.links.check(request.match_info["token"], _PURPOSE)
        if link.person_id != visitor.person:
            raise Forbidden("页面已过期，请重新打开缴费页面。", code="not_this_browser")
        return visitor, link.subject_id

    # ---- paying

    async def reopen(self, request: http.Request) -> http.Response:
        """The form's address, opened with GET: the present state, with payment by QR code if still due."""
        visitor, fee_id = await self._check_token(request)
        return self._page(request, visitor, await self._services.payments.order_checks.refresh(visitor.actor, fee_id))

    async def order(self, request: http.Request) -> http.Response:
        """Data for paying now: parameters for WeChat's cashier, or a code to scan. JSON on request."""
        visitor, fee_id = await self._check_token(request)
        form = read_typed(_Order, await self._site.read_fields(request))
        by_jsapi = bool(visitor.openid) and form.way == "jsapi"
        if by_jsapi and not _wants_json(request):  # tapped before the page's script ran
            view = await self._services.payments.order_checks.refresh(visitor.actor, fee_id)
            return self._page(request, visitor, view, at_once=True)
        try:
            ordered = await self._services.payments.orders.order(
                visitor.actor, fee_id, "jsapi" if by_jsapi else "native", openid=visitor.openid if by_jsapi else ""
            )
        except AppError as error:
            if error.code == "fee_settled" and not _wants_json(request):
                return await self.reopen(request)
            if not _wants_json(request):
                return await self._show_refusal(request, visitor, fee_id, error)
            return http.json_response({"message": error.message, "code": error.code}, status=error.status)
        if _wants_json(request):
            return http.json_response(_payment_facts(ordered))
        view = await self._services.payments.order_checks.refresh(visitor.actor, fee_id)
        return self._page(request, visitor, view, ordered=ordered)

    async def _show_refusal(
        self,
        request: http.Request,
        visitor: Visitor,
        fee_id: UUID,
        error: AppError,
        sent: Mapping[str, str] | None = None,
    ) -> http.Response:
        """A fault of a field that was ``sent`` stands beside it where the form is shown, another at the top."""
        if error.status not in _ON_PAGE or isinstance(error, Forbidden):
            raise error
        view = await self._services.payments.order_checks.refresh(visitor.actor, fee_id)
        if sent is not None and error.field and view.own and view.phase == "paid" and view.invoice:
            return self._page(request, visitor, view, buyer=FormValues(sent, error))
        return self._page(request, visitor, view, error=error)

    async def state(self, request: http.Request) -> http.Response:
        """Requested every two seconds by a waiting page; the platform is queried less often."""
        visitor, fee_id = await self._check_token(request)
        view = await self._services.payments.order_checks.refresh(visitor.actor, fee_id)
        return http.json_response({"phase": view.phase})

    # ---- after payment

    async def receipt(self, request: http.Request) -> http.Response:
        visitor, fee_id = await self._visitors.visitor(request), _uuid(request.match_info["fee_id"])
        return show_pdf(await self._services.payments.invoice_downloads.receipt(visitor.actor, fee_id), "receipt.pdf")

    async def invoice(self, request: http.Request) -> http.Response:
        visitor, fee_id = await self._visitors.visitor(request), _uuid(request.match_info["fee_id"])
        return show_pdf(await self._services.payments.invoice_downloads.file(visitor.actor, fee_id), "invoice.pdf")

    async def correct(self, request: http.Request) -> http.Response:
        """Change the invoice's data."""
        visitor, fee_id = await self._visitors.visitor(request), _uuid(request.match_info["fee_id"])
        fields = await self._site.read_form(request, "invoice", fee_id, visitor.person)
        form = read_typed(_Buyer, fields)
        try:
            await self._services.payments.invoices.correct(
                visitor.actor, fee_id, title=form.title, taxpayer_id=form.taxpayer_id, email=form.email
            )
        except AppError as error:
            return await self._show_refusal(request, visitor, fee_id, error, fields)
        raise http.HTTPSeeOther(f"/h5/{visitor.actor.pool}/pay?note=kept")

    async def proof(self, request: http.Request) -> http.Response:
        """Opened by the QR code on a receipt, for the holder of the paper."""
        return self._site.render(
            "payments/proof.html", proof=await prove_receipt(self._services.deps, request.match_info["token"])
        )


def _way_to_pay(request: http.Request, visitor: Visitor) -> str:
    """``jsapi``; ``native``: by a code; ``return``: to the mini-program, unless the code was requested there."""
    if request.query.get("way") == "native":
        return "native"
    if visitor.openid:
        return "jsapi"
    return "return" if in_mini_program(request) and "token" not in request.match_info else "native"


def _wants_json(request: http.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _payment_facts(ordered: PayableOrder) -> dict[str, object]:
    expiry: dict[str, object] = {
        "until": f"{local(ordered.expires_at):%H:%M}",
        "expires": ordered.expires_at.isoformat(),
    }
    if ordered.parameters is not None:
        return {**expiry, "parameters": _bridge(ordered.parameters)}
    if not ordered.code_url:
        raise Unavailable("付款码暂时无法生成，请稍后再试。")
    path = path_of(ordered.code_url)
    return {**expiry, "qr": {"size": path.size, "d": path.d}}


def _bridge(parameters: PayParameters) -> dict[str, str]:
    """In the spelling of ``getBrandWCPayRequest``."""
    return {
        "appId": parameters.app_id,
        "timeStamp": parameters.time_stamp,
        "nonceStr": parameters.nonce,
        "package": parameters.package,
        "signType": parameters.sign_type,
        "paySign": parameters.signature,
    }


def _other_due_fees(own: Sequence[FeeView], shown: FeeView) -> list[FeeView]:
    return [fee for fee in own if fee.id != shown.id and fee.phase == "open"]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise http.HTTPNotFound from None
