"""Platforms that work for agencies (平台对接): issuing, changing and ending their access, and their events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from domain.integrations import SCOPES, SECRET_OVERLAP
from domain.parsing import NUMBER_LONGEST
from services.integrations import STATES, ClientChange, ClientForm, ClientView
from web.core.form_values import EMPTY, FormValues
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page, page
from web.core.typed_forms import Code, Trimmed
from web.office.base import OfficePart

_WHAT = "这个对接系统"


@dataclass(frozen=True)
class _Access:
    """``projects``, ``draws`` and ``results`` are boxes."""

    projects: bool
    draws: bool
    results: bool
    networks: str
    webhook_url: Annotated[str, Trimmed()]


@dataclass(frozen=True)
class _New(_Access):
    name: str
    credit_code: Annotated[str, Code(NUMBER_LONGEST)]
    mobile: Annotated[str, Code(NUMBER_LONGEST)]


class OfficeIntegrationPages(OfficePart):
    code = "integrations"
    action = "integration.manage"

    @list_page("/office/integrations", "office/integrations.html", q=Word(50), ended=Choice(("1",)))
    async def clients(self, visit: Visit, wanted: Wanted) -> Listed:
        """``ended=1`` shows those that were ended."""
        search, ended = wanted["q"], wanted["ended"] == "1"
        listed = await self.services.integrations.client_queries.page(
            visit.actor, search=search, ended=ended, **wanted.window
        )
        form = visit.form if visit.fields else FormValues(dict.fromkeys(SCOPES, "1"))
        return Listed(
            listed, {"word": search, "over": ended, "states": STATES, "scopes": SCOPES, "new": None, "f": form}
        )

    @clients.command(_New, "issue")
    async def issue(self, visit: Visit, form: _New) -> Mapping[str, object]:
        """The page shows the secrets, once."""
        new = await self.services.integrations.clients.issue(visit.actor, ClientForm(**vars(form)))
        return {"new": new, "f": EMPTY}

    @page("/office/integrations/{client_id}", "office/integration.html")
    async def client(self, visit: Visit) -> Mapping[str, object]:
        queries, client_id = self.services.integrations.client_queries, visit.id(_WHAT, "client_id")
        client, changed = await queries.get(visit.actor, client_id), visit.form.value("command") == "change"
        return {
            "client": client,
            "events": await queries.events(visit.actor, client_id),
            "states": STATES,
            "scopes": SCOPES,
            "overlap": SECRET_OVERLAP.days,
            "new": None,
            "f": visit.form if changed else FormValues(_stored(client), visit.form.error),
        }

    @client.command(_Access, "change")
    async def change(self, visit: Visit, form: _Access) -> Mapping[str, object]:
        clients = self.services.integrations.clients
        new = await clients.change(visit.actor, visit.id(_WHAT, "client_id"), ClientChange(**vars(form)))
        return {"new": new if new.signing else None, "note": "已保存。", "f": visit.form}

    @client.command(name="secret")
    async def rotate_secret(self, visit: Visit) -> Mapping[str, object]:
        clients = self.services.integrations.clients
        return {"new": await clients.rotate_secret(visit.actor, visit.id(_WHAT, "client_id"))}

    @client.command(name="signing")
    async def rotate_signing(self, visit: Visit) -> Mapping[str, object]:
        clients = self.services.integrations.clients
        return {"new": await clients.rotate_signing(visit.actor, visit.id(_WHAT, "client_id"))}

    @client.command(name="former", note="原密钥已作废。")
    async def end_former_secret(self, visit: Visit) -> None:
        await self.services.integrations.clients.end_former_secret(visit.actor, visit.id(_WHAT, "client_id"))

    @client.command(name="test", note="已发出测试事件，稍后刷新查看结果。")
    async def send_test(self, visit: Visit) -> None:
        await self.services.integrations.clients.send_test(visit.actor, visit.id(_WHAT, "client_id"))

    @client.command(name="repeat", note="将重新推送没有收到的事件。")
    async def repeat_given_up(self, visit: Visit) -> None:
        await self.services.integrations.clients.repeat_given_up(visit.actor, visit.id(_WHAT, "client_id"))

    @client.command(name="revoke", note="已停用，立即生效。")
    async def revoke(self, visit: Visit) -> None:
        await self.services.integrations.clients.revoke(visit.actor, visit.id(_WHAT, "client_id"))


def _stored(client: ClientView) -> dict[str, str]:
    return {
        **dict.fromkeys(client.scopes, "1"),
        "networks": "\n".join(client.networks),
        "webhook_url": client.webhook_url,
    }
