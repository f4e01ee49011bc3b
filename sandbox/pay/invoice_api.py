"""The endpoints of electronic invoices, and the page on which a buyer fills in a title."""

from __future__ import annotations

import html

from aiohttp import web

from sandbox.jsons import BadControlRequest, Json
from sandbox.pay.api import PREFIX, PayCall, PayReply, PayRoute
from sandbox.pay.invoices import TITLE_PAGE, PlatformInvoices, Title

BASE = "/v3/new-tax-control-fapiao"
ACCEPTED = 202


class InvoiceEndpoints:
    def __init__(self, invoices: PlatformInvoices) -> None:
        self._invoices = invoices

    def routes(self) -> list[PayRoute]:
        application_path = f"{BASE}/fapiao-applications/{{apply_id}}"
        return [
            PayRoute("PATCH", f"{BASE}/merchant/development-config", self._configure),
            PayRoute("GET", f"{BASE}/user-title/title-url", self._title_url),
            PayRoute("GET", f"{BASE}/user-title", self._title),
            PayRoute("POST", f"{BASE}/fapiao-applications", self._apply),
            PayRoute("GET", application_path, self._query),
            PayRoute("GET", f"{application_path}/fapiao-files", self._files),
            PayRoute("POST", f"{application_path}/reverse", self._reverse),
            PayRoute("GET", "/v3/fapiaodownload/file", self._download),
        ]

    def _configure(self, call: PayCall) -> Json:
        return self._invoices.configure(call.merchant, call.body)

    def _title_url(self, call: PayCall) -> Json:
        return self._invoices.title_url(call.merchant, call.query)

    def _title(self, call: PayCall) -> Json:
        return self._invoices.title(call.merchant, call.query)

    def _apply(self, call: PayCall) -> PayReply:
        self._invoices.apply(call.merchant, call.body, call.signer)
        return PayReply(ACCEPTED)

    def _query(self, call: PayCall) -> Json:
        return self._invoices.query(call.merchant, call.part("apply_id"), call.query.get("fapiao_id", ""))

    def _files(self, call: PayCall) -> Json:
        base_url = f"{call.request.scheme}://{call.request.host}{PREFIX}"
        return self._invoices.files(call.merchant, call.part("apply_id"), call.query.get("fapiao_id", ""), base_url)

    def _reverse(self, call: PayCall) -> PayReply:
        self._invoices.reverse(call.merchant, call.part("apply_id"), call.body)
        return PayReply(ACCEPTED)

    def _download(self, call: PayCall) -> PayReply:
        return PayReply(raw=self._invoices.download(call.merchant, call.query.get("token", "")))


class TitlePage:
    """WeChat's own page, opened in the phone's browser."""

    def __init__(self, invoices: PlatformInvoices) -> None:
        self._invoices = invoices

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(TITLE_PAGE, self._show)
        app.router.add_post(TITLE_PAGE, self._fill)

    async def _show(self, request: web.Request) -> web.Response:
        title = self._invoices.open_title(request.query.get("ticket", ""))
        return _page(_form(title, "")) if title else _page("<p>链接已失效，请回到商家页面重新打开。</p>", 404)

    async def _fill(self, request: web.Request) -> web.Response:
        title = self._invoices.open_title(request.query.get("ticket", ""))
        if title is None:
            return _page("<p>链接已失效，请回到商家页面重新打开。</p>", 404)
        details: Json = {key: str(value) for key, value in (await request.post()).items()}
        try:
            self._invoices.fill_title(title, details)
        except BadControlRequest as error:
            return _page(_form(title, str(error)), 400)
        return _page("<p>抬头已提交，商家开票后会通知您。</p>")


def _form(title: Title, problem: str) -> str:
    alert = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
    fields = "".join(
        f'<p><label>{label}<br><input name="{name}" autocomplete="off"></label></p>'
        for name, label in (("name", "抬头名称"), ("taxpayer_id", "纳税人识别号（单位必填）"), ("email", "接收邮箱"))
    )
    kinds = '<option value="INDIVIDUAL">个人</option><option value="ORGANIZATION">单位</option>'
    return (
        f'<p>向{html.escape(title.merchant.name)}申请开具电子发票。</p>{alert}<form method="post">'
        f'<p><label>抬头类型<br><select name="type">{kinds}</select></label></p>{fields}<button>提交</button></form>'
    )


def _page(content: str, status: int = 200) -> web.Response:
    text = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>发票抬头</title>'
        f'<link rel="stylesheet" href="/_/identity.css"><main><h1>发票抬头</h1>{content}</main></html>'
    )
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    headers = {"Content-Security-Policy": policy}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
