"""Electronic invoices 电子发票 through WeChat Pay: titles, issuing, files, reversing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox import jsons
from sandbox.clock import beijing_day
from sandbox.config import MerchantConfig
from sandbox.jsons import BadControlRequest, Json
from sandbox.pay import fields
from sandbox.pay.errors import PayError, invalid_request, param_error
from sandbox.pay.fields import rfc3339
from sandbox.pay.keys import PlatformSigner, new_nonce, seal
from sandbox.pay.notify import Notifier, PlatformEvent
from sandbox.pay.orders import Order, PlatformOrders
from sandbox.pay.pdf import invoice_pdf
from sandbox.world import World

SCENES = ("WITH_WECHATPAY", "WITHOUT_WECHATPAY")
TYPES = ("INDIVIDUAL", "ORGANIZATION")
REASONS = ("ISSUE_ERROR", "SALES_RETURN", "SERVICE_SUSPENTION", "SALES_DISCOUNT")
MOST = 5
"""Most invoices of one application: another one may be issued after one failed or was reversed."""
REVERSE_APART = 300.0
"""Least seconds between two requests to reverse one invoice after the first has failed."""
FILE_TTL = 300.0
TITLE_TTL = 1800.0
TITLE_PAGE = "/wechat/fapiao/title"
SEALED = ("phone", "email")
"""Fields encrypted for WeChat: their cipher text differs each time."""
Status = Literal["ISSUE_ACCEPTED", "ISSUED", "ISSUE_FAILED", "REVERSE_ACCEPTED", "REVERSE_FAILED", "REVERSED"]
OVER: tuple[Status, ...] = ("ISSUE_FAILED", "REVERSED")


@dataclass(slots=True)
class PlatformInvoice:
    """One invoice of an application. Money in fen."""

    fapiao_id: str
    total: int
    tax: int
    items: list[Json]
    remark: str
    status: Status = "ISSUE_ACCEPTED"
    number: str = ""
    issued_at: float = 0.0
    red_number: str = ""
    reversed_at: float = 0.0
    """Time of the last request to reverse it."""

    def as_answer(self, buyer: Json) -> Json:
        answer: Json = {
            "fapiao_id": self.fapiao_id,
            "status": self.status,
            "total_amount": self.total,
            "tax_amount": self.tax,
            "amount": self.total - self.tax,
            "buyer_information": buyer,
            "items": self.items,
            "remark": self.remark,
        }
        if self.number:
            answer["blue_fapiao"] = {"fapiao_number": self.number, "fapiao_time": rfc3339(self.issued_at)}
        if self.red_number:
            answer["red_fapiao"] = {"fapiao_number": self.red_number, "fapiao_time": rfc3339(self.reversed_at)}
        return answer


@dataclass(slots=True, eq=False)
class InvoiceApplication:
    merchant: MerchantConfig
    apply_id: str
    buyer: Json
    """The request without its encrypted fields."""
    email: str
    requests: list[Json]
    """Requests of the newest invoices: a repeated one must be equal."""
    invoices: list[PlatformInvoice]


@dataclass(slots=True)
class Title:
    """Fields that a buyer filled in: type, name, taxpayer_id, email. Empty until then."""

    merchant: MerchantConfig
    apply_id: str
    expires: float
    details: Json = field(default_factory=dict)


class PlatformInvoices:
    def __init__(
        self, world: World, orders: PlatformOrders, notifier: Notifier, merchant_keys: dict[str, RSAPublicKey]
    ) -> None:
        self._world = world
        self._merchant_keys = merchant_keys
        self._orders = orders
        self._notifier = notifier
        self._applications: dict[tuple[str, str], InvoiceApplication] = {}
        self._titles: dict[tuple[str, str], Title] = {}
        self._tickets: dict[str, Title] = {}
        self._files: dict[str, tuple[str, bytes, float]] = {}
        self._callbacks: dict[str, str] = {}
        """Where events go, by merchant: set through the API, else as the configuration says."""

    # -- settings -------------------------------------------------------------------------------------------------

    def configure(self, merchant: MerchantConfig, body: Json) -> Json:
        _check_permission(merchant)
        if "callback_url" in body:
            self._callbacks[merchant.mchid] = fields.notify_url(fields.need(body, "callback_url", 256))
        return {"callback_url": self._callback_url(merchant), "show_fapiao_cell": body.get("show_fapiao_cell") is True}

    def _callback_url(self, merchant: MerchantConfig) -> str:
        return self._callbacks.get(merchant.mchid, merchant.fapiao_url)

    # -- titles ---------------------------------------------------------------------------------------------------

    def title_url(self, merchant: MerchantConfig, query: dict[str, str]) -> Json:
        """Address of the page where the buyer fills in a title; valid for half an hour."""
        _check_permission(merchant)
        apply_id = fields.need(query, "fapiao_apply_id", 64)
        ticket = new_nonce(32)
        title = Title(merchant, apply_id, self._world.clock.now() + TITLE_TTL)
        self._tickets[ticket] = title
        return {"title_url": f"{self._world.config.public_url}{TITLE_PAGE}?ticket={ticket}"}

    def open_title(self, ticket: str) -> Title | None:
        """None when the address is unknown or too old."""
        title = self._tickets.get(ticket)
        return title if title is not None and title.expires > self._world.clock.now() else None

    def fill_title(self, title: Title, details: Json) -> None:
        """BadRequest, in words for the person, when something is missing."""
        kind, name = jsons.text(details, "type"), jsons.text(details, "name").strip()
        if kind not in TYPES or not name:
            raise BadControlRequest("请选择抬头类型，并填写抬头名称。")
        if kind == "ORGANIZATION" and not jsons.text(details, "taxpayer_id"):
            raise BadControlRequest("单位抬头请填写纳税人识别号。")
        title.details = {"type": kind, "name": name}
        for key in ("taxpayer_id", "email"):
            if value := jsons.text(details, key):
                title.details[key] = value
        self._titles[title.merchant.mchid, title.apply_id] = title
        resource: Json = {
            "mchid": title.merchant.mchid,
            "fapiao_apply_id": title.apply_id,
            "apply_time": rfc3339(self._world.clock.now()),
        }
        self._notify(title.merchant, "FAPIAO.USER_APPLIED", "用户申请开票", resource)

    def title(self, merchant: MerchantConfig, query: dict[str, str]) -> Json:
        """The filled-in title, its e-mail address encrypted for the merchant."""
        _check_permission(merchant)
        if query.get("scene") not in SCENES:
            raise param_error("scene必须是WITH_WECHATPAY或WITHOUT_WECHATPAY")
        title = self._titles.get((merchant.mchid, query.get("fapiao_apply_id", "")))
        if title is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "用户未填写抬头")
        answer = dict(title.details)
        if email := jsons.text(answer, "email"):
            answer["email"] = seal(self._merchant_keys[merchant.mchid], email)
        return answer

    # -- issuing --------------------------------------------------------------------------------------------------

    def apply(self, merchant: MerchantConfig, body: Json, signer: PlatformSigner) -> None:
        """Accept an application. A repeated request is the same one, whatever its encrypted fields contain."""
        _check_permission(merchant)
        requested = self._read_application(merchant, body, signer)
        existing = self._applications.get((merchant.mchid, requested.apply_id))
        if existing is not None:
            if (existing.buyer, existing.requests) == (requested.buyer, requested.requests):
                return
            _check_further_invoices(existing, requested)
            existing.buyer, existing.email, existing.requests = requested.buyer, requested.email, requested.requests
            existing.invoices += requested.invoices
        else:
            existing = self._applications[merchant.mchid, requested.apply_id] = requested
        failed = self._world.faults.strikes("pay", "fapiao_failed", requested.apply_id)
        self._schedule_end(existing, requested.invoices, "ISSUE_FAILED" if failed else "ISSUED")

    def get(self, merchant: MerchantConfig, apply_id: str) -> InvoiceApplication:
        _check_permission(merchant)
        application = self._applications.get((merchant.mchid, apply_id))
        if application is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "发票申请单不存在")
        return application

    def query(self, merchant: MerchantConfig, apply_id: str, fapiao_id: str) -> Json:
        application = self.get(merchant, apply_id)
        invoices = [invoice for invoice in application.invoices if fapiao_id in ("", invoice.fapiao_id)]
        return {
            "total_count": len(invoices),
            "fapiao_information": [invoice.as_answer(application.buyer) for invoice in invoices],
        }

    def all(self) -> list[InvoiceApplication]:
        return list(self._applications.values())

    def _read_application(self, merchant: MerchantConfig, body: Json, signer: PlatformSigner) -> InvoiceApplication:
        scene, apply_id = fields.need(body, "scene", 32), fields.need(body, "fapiao_apply_id", 32)
        if scene not in SCENES:
            raise param_error("输入源“/body/scene”只支持WITH_WECHATPAY和WITHOUT_WECHATPAY")
        buyer = jsons.mapping(body, "buyer_information")
        kind = fields.need(buyer, "type", 32)
        fields.need(buyer, "name", 100)
        if kind not in TYPES:
            raise param_error("输入源“/body/buyer_information/type”只支持INDIVIDUAL和ORGANIZATION")
        if kind == "ORGANIZATION":
            fields.need(buyer, "taxpayer_id", 32)
        opened = {key: _decrypt_field(signer, key, fields.optional(buyer, key, 1024)) for key in SEALED}
        requests = jsons.objects(body, "fapiao_information")
        if not 1 <= len(requests) <= MOST:
            raise param_error(f"输入源“/body/fapiao_information”必须有1到{MOST}张发票")
        invoices = [_invoice(item) for item in requests]
        if scene == "WITH_WECHATPAY":
            self._check_order(merchant, apply_id, sum(invoice.total for invoice in invoices))
        elif (merchant.mchid, apply_id) not in self._titles:
            raise invalid_request("用户未通过抬头填写链接授权，不能开具非微信支付场景的发票")
        clear = {key: value for key, value in buyer.items() if key not in SEALED}
        return InvoiceApplication(merchant, apply_id, clear, opened["email"], requests, invoices)

    def _check_order(self, merchant: MerchantConfig, transaction_id: str, total: int) -> Order:
        order = self._orders.get_by_transaction(merchant, transaction_id)
        if total > order.total - order.refunded:
            raise invalid_request("发票总金额大于可开票金额")
        return order

    # -- files ----------------------------------------------------------------------------------------------------

    def files(self, merchant: MerchantConfig, apply_id: str, fapiao_id: str, base_url: str) -> Json:
        application = self.get(merchant, apply_id)
        invoices = [invoice for invoice in application.invoices if fapiao_id in ("", invoice.fapiao_id)]
        if not invoices or any(invoice.status != "ISSUED" for invoice in invoices):
            raise invalid_request("只有已开具的发票才能下载")
        infos: list[Json] = []
        for invoice in invoices:
            token = new_nonce(64)
            pdf = invoice_pdf(
                invoice.number, merchant.name, jsons.text(application.buyer, "name"), invoice.total, invoice.issued_at
            )
            self._files[token] = (merchant.mchid, pdf, self._world.clock.now() + FILE_TTL)
            url = f"{base_url}/v3/fapiaodownload/file?token={token}"
            infos.append({"fapiao_id": invoice.fapiao_id, "download_url": url, "status": invoice.status})
        return {"fapiao_download_info_list": infos}

    def download(self, merchant: MerchantConfig, token: str) -> bytes:
        mchid, data, expires = self._files.get(token, ("", b"", 0.0))
        if mchid != merchant.mchid or expires <= self._world.clock.now():
            raise PayError(404, "RESOURCE_NOT_EXISTS", "下载地址无效或已过期")
        return data

    # -- reversing 冲红 -------------------------------------------------------------------------------------------

    def reverse(self, merchant: MerchantConfig, apply_id: str, body: Json) -> None:
        """Accept a reversal. It may be repeated, after a failure five minutes later."""
        application, now = self.get(merchant, apply_id), self._world.clock.now()
        if fields.need(body, "reverse_reason", 200) not in REASONS:
            raise param_error("输入源“/body/reverse_reason”不是可用的原因")
        numbers = {
            fields.need(item, "fapiao_id", 32): fields.need(item, "fapiao_number", 20)
            for item in jsons.objects(body, "fapiao_information")
        }
        invoices = [invoice for invoice in application.invoices if invoice.fapiao_id in numbers]
        if not numbers or len(invoices) != len(numbers):
            raise PayError(404, "RESOURCE_NOT_EXISTS", "发票不存在")
        if any(invoice.status in ("ISSUE_ACCEPTED", "ISSUE_FAILED") for invoice in invoices):
            raise invalid_request("只有已开具的发票才能冲红")
        if any(invoice.number != numbers[invoice.fapiao_id] for invoice in invoices):
            raise invalid_request("发票号码与开具的发票不一致")
        if any(
            invoice.status == "REVERSE_FAILED" and invoice.reversed_at + REVERSE_APART > now for invoice in invoices
        ):
            raise PayError(429, "FREQUENCY_LIMITED", "冲红失败后请间隔5分钟再试")
        reversible = [invoice for invoice in invoices if invoice.status in ("ISSUED", "REVERSE_FAILED")]
        for invoice in reversible:
            invoice.status, invoice.reversed_at = "REVERSE_ACCEPTED", now
        if reversible:
            failed = self._world.faults.strikes("pay", "reverse_failed", apply_id)
            self._schedule_end(application, reversible, "REVERSE_FAILED" if failed else "REVERSED")

    # -- later states --------------------------------------------------------------------------------------------

    def _schedule_end(self, application: InvoiceApplication, invoices: list[PlatformInvoice], status: Status) -> None:
        slow = self._world.faults.strikes("pay", "fapiao_slow", application.apply_id)
        delay = slow.seconds if slow else self._world.config.wire.fapiao_delay
        self._world.timeline.run_after(delay, lambda: self._end_invoices(application, invoices, status))

    def _end_invoices(self, application: InvoiceApplication, invoices: list[PlatformInvoice], status: Status) -> None:
        now = self._world.clock.now()
        for invoice in invoices:
            invoice.status = status
            if status == "ISSUED":
                invoice.number, invoice.issued_at = (
                    f"{beijing_day(now)[2:]}{self._world.new_number() % 10**14:014d}",
                    now,
                )
            elif status == "REVERSED":
                invoice.red_number = f"{beijing_day(now)[2:]}{self._world.new_number() % 10**14:014d}"
        if status in ("ISSUE_FAILED", "REVERSE_FAILED"):
            return  # only success is notified
        kind, summary = ("FAPIAO.ISSUED", "发票开具成功") if status == "ISSUED" else ("FAPIAO.REVERSED", "发票冲红成功")
        resource: Json = {
            "mchid": application.merchant.mchid,
            "fapiao_apply_id": application.apply_id,
            "fapiao_information": [
                {"fapiao_id": invoice.fapiao_id, "fapiao_status": invoice.status} for invoice in application.invoices
            ],
        }
        self._notify(application.merchant, kind, summary, resource)

    def _notify(self, merchant: MerchantConfig, kind: str, summary: str, resource: Json) -> None:
        self._notifier.push_soon(
            PlatformEvent(merchant, self._callback_url(merchant), kind, "fapiao", summary, resource)
        )


def _check_permission(merchant: MerchantConfig) -> None:
    if not merchant.fapiao:
        raise PayError(403, "NO_AUTH", "商户未开通电子发票产品权限")


def _check_further_invoices(existing: InvoiceApplication, requested: InvoiceApplication) -> None:
    """Refuse another invoice of an application with a used number, or while an earlier one is not over."""
    used = {invoice.fapiao_id for invoice in existing.invoices}
    repeats_id = any(invoice.fapiao_id in used for invoice in requested.invoices)
    if repeats_id or any(invoice.status not in OVER for invoice in existing.invoices):
        raise PayError(400, "RESOURCE_ALREADY_EXISTS", "该发票申请单号已存在，且请求参数不一致")
    if len(used) + len(requested.invoices) > MOST:
        raise PayError(403, "RULELIMIT", "该发票申请单的重试次数已达上限")


def _decrypt_field(signer: PlatformSigner, key: str, sealed: str) -> str:
    if not sealed:
        return ""
    try:
        return signer.open(sealed)
    except ValueError as error:
        raise param_error(f"输入源“/body/buyer_information/{key}”不是用Wechatpay-Serial所指的公钥加密的") from error


def _invoice(item: Json) -> PlatformInvoice:
    total, parts = fields.fen(item, "total_amount"), jsons.objects(item, "items")
    if not parts:
        raise param_error("输入源“/body/fapiao_information/items”不能为空")
    tax = 0
    for part in parts:
        fields.need(part, "tax_code", 19)
        rate = part.get("tax_rate", 0)
        if isinstance(rate, bool) or not isinstance(rate, int) or not 0 <= rate < 10_000:
            raise param_error("输入源“/body/fapiao_information/items/tax_rate”必须是万分之几的整数")
        tax += round(fields.fen(part, "total_amount") * rate / (10_000 + rate))
    if sum(fields.fen(part, "total_amount") for part in parts) != total:
        raise invalid_request("发票总金额与各行金额之和不一致")
    return PlatformInvoice(fields.need(item, "fapiao_id", 32), total, tax, parts, fields.optional(item, "remark", 100))
