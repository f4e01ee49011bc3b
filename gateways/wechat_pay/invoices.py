"""Electronic invoices 电子发票 that WeChat Pay issues and reverses for a merchant.

An application (``apply_id``) is the payment's own transaction number, so no consent of the buyer's is needed; it holds
several invoices in turn if one fails or is reversed, and each is queried by its own number.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import Field

from domain.errors import Transient
from gateways.http import Effect
from gateways.jsons import Json
from gateways.shapes import Shape, Text
from gateways.wechat_pay.merchant import MerchantClient, get_or_none
from gateways.wechat_pay.reports import find_invoice
from gateways.wechat_pay.signing import encrypt_field
from services.ports import InvoiceReport, InvoiceRequest, Reversal, ReverseReason

FILE_LIMIT = 4 * 1024 * 1024
_APPLICATIONS = "/v3/new-tax-control-fapiao/fapiao-applications"
_ONE_PIECE = 100_000_000
"""Quantities count in parts of 10⁸."""
_REASONS: Mapping[ReverseReason, str] = {"issue_error": "ISSUE_ERROR", "service_ended": "SERVICE_SUSPENTION"}
"""Reasons in WeChat's spelling."""


class _File(Shape):
    fapiao_id: Text = ""
    download_url: Text = ""


class _Files(Shape):
    files: list[_File] = Field(default_factory=list, alias="fapiao_download_info_list")


async def issue(client: MerchantClient, request: InvoiceRequest) -> None:
    """Returns once accepted; the outcome is notified or queried later."""
    sealing = await client.api.sealing_key("invoice_issue")
    buyer: Json = {"type": "ORGANIZATION" if request.taxpayer_id else "INDIVIDUAL", "name": request.title}
    if request.taxpayer_id:
        buyer["taxpayer_id"] = request.taxpayer_id
    if request.email:
        buyer["email"] = encrypt_field(sealing.key, request.email)
    body: Json = {
        "scene": "WITH_WECHATPAY",
        "fapiao_apply_id": request.apply_id,
        "buyer_information": buyer,
        "fapiao_information": [_invoice(request)],
    }
    await client.api.post("invoice_issue", _APPLICATIONS, body, serial=sealing.serial)


async def query(client: MerchantClient, apply_id: str, fapiao_id: str) -> InvoiceReport | None:
    data = await get_or_none(
        client, "invoice_query", f"{_application_path(apply_id)}?fapiao_id={quote(fapiao_id, safe='')}"
    )
    if data is None:
        return None
    try:
        return find_invoice(apply_id, fapiao_id, data)
    except ValueError as error:
        raise client.api.invalid_response(Effect.READ, f"invoice query: {error}") from error


async def reverse(client: MerchantClient, reversal: Reversal) -> None:
    """Returns once accepted. Raises Rejected INVALIDREQUEST, … for an invoice that can't be reversed."""
    invoice: Json = {"fapiao_id": reversal.fapiao_id, "fapiao_number": reversal.number}
    if reversal.code:
        invoice["fapiao_code"] = reversal.code
    body: Json = {"reverse_reason": _REASONS[reversal.reason], "fapiao_information": [invoice]}
    await client.api.post("invoice_reverse", f"{_application_path(reversal.apply_id)}/reverse", body)


async def fetch(client: MerchantClient, apply_id: str, fapiao_id: str) -> bytes:
    """The PDF; Transient while it doesn't exist yet."""
    data = await client.api.get(
        "invoice_files", f"{_application_path(apply_id)}/fapiao-files?fapiao_id={quote(fapiao_id, safe='')}"
    )
    download = client.api.read(_Files, data, Effect.READ, "invoice_files")
    url = next(
        (invoice_file.download_url for invoice_file in download.files if invoice_file.fapiao_id == fapiao_id), ""
    )
    if not url:
        raise Transient("pay: the invoice has no file yet")
    content = await client.api.download("invoice_file", url, FILE_LIMIT)
    if not content.startswith(b"%PDF-"):
        raise client.api.invalid_response(Effect.READ, "the invoice's file is no PDF")
    return content


def _application_path(apply_id: str) -> str:
    return f"{_APPLICATIONS}/{quote(apply_id, safe='')}"


def _invoice(request: InvoiceRequest) -> Json:
    item: Json = {
        "tax_code": request.tax_code,
        "goods_name": request.goods_name,
        "quantity": _ONE_PIECE,
        "total_amount": request.amount,
        "tax_rate": request.tax_rate,
        "discount": False,
    }
    return {"fapiao_id": request.fapiao_id, "total_amount": request.amount, "need_list": False, "items": [item]}
