"""What an agency does on the pages of a release 退选 and of a recall 复评."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from app.players.agency import Agency
from app.players.browser import BrowserPage
from app.players.forms import print_moment

_RELEASED = re.compile(
    r'<dt>(?P<name>[^<]*?) <span class="mono">(?P<code>\d+)</span></dt>\s*<dd><span[^>]*>(?P<confirmed>已确认|未确认)'
    r".*?<dt>语音</dt><dd>(?P<voice>[^，<]*)，.*?<dt>短信</dt><dd>(?P<text>[^，<]*)",
    re.DOTALL,
)
_RECALLED = re.compile(
    r'<section class="group" aria-label="([^"]+)">.*?<span class="tag[^>]*>([参不未逾][^<]*)<',
    re.DOTALL,
)
_CALL = re.compile(r"虚拟号呼叫(?:（[^）]*）)?：")


@dataclass(frozen=True)
class ReleasedLine:
    """An expert as the page of a release shows him. ``reached``: by a call of the system; ``texted``: the short message
    is out; ``by_hand``: staff must tell him and record it."""

    name: str
    code: str
    reached: bool
    texted: bool
    confirmed: bool
    by_hand: bool


@dataclass(frozen=True)
class ReleaseOfPanel:
    """The release of a draw that is full."""

    agency: Agency
    draw: str

    async def apply(self, proof: bytes, cause: str, reason: str) -> None:
        """Apply for it. Raises NotArrived."""
        await self._open()
        await self.agency.upload("上传", proof, "退选申请表.pdf", "证明材料已上传")
        await self.agency.press("提交审核", "等待交易中心核验", cause=cause, reason=reason)

    async def start(self) -> None:
        """Start it once it is approved. Raises NotArrived."""
        await self._open()
        await self.agency.press("确定启动退选", lambda page: bool(_RELEASED.search(page.html)))

    async def list_panel(self) -> Sequence[ReleasedLine]:
        """Who knows of it."""
        return _read_released(await self._open())

    async def ring(self, line: ReleasedLine) -> None:
        """Ask for a virtual call, which rings the agency's own phone first; after unsealing. Raises NotArrived."""
        page = await self._open()
        called = _more_calls(page)
        await self.agency.press(f"虚拟号呼叫{line.name}{line.code}", called, phone="own")

    async def record(self, line: ReleasedLine, words: str) -> None:
        """Record that an expert was told otherwise. Raises NotArrived."""
        await self._open()
        button = f"登记{line.name}{line.code}已通知"
        await self.agency.press(button, lambda page: button not in page.buttons, words=words)

    async def _open(self) -> BrowserPage:
        return await self.agency.open_step(self.draw, "release")


@dataclass(frozen=True)
class RecallOfPanel:
    """The recall of an earlier panel; ``draw``: its own activity."""

    agency: Agency
    draw: str

    @classmethod
    async def begin(cls, agency: Agency, original: str, starts: datetime, ends: datetime) -> RecallOfPanel:
        """A recall of the panel of a draw that has ended. Raises NotArrived."""
        await agency.open_step(original, "recall")
        times = {"starts_at": print_moment(starts), "ends_at": print_moment(ends)}
        page = await agency.press("确定复评", "已按原活动新建", **times)
        return cls(agency, page.path.split("/")[3])

    async def invite(self) -> None:
        """Invite the panel: each expert is notified, and answers in person. Raises NotArrived."""
        await self._open()
        await self.agency.press("开始通知", "由本人答复")

    async def choose_own_phone(self) -> None:
        """The own number rings first, and experts call it back, as it does from the beginning. Raises NotArrived."""
        await self._open()
        await self.agency.press("修改", "通话号码已保存", phone="own")

    async def list_panel(self) -> dict[str, str]:
        """What each expert has answered, by name: 参评, 不参评, 未确认 and so on."""
        return {unescape(name): answer for name, answer in _RECALLED.findall((await self._open()).html)}

    async def ring(self, name: str) -> None:
        """Ask for a virtual call with an expert. Raises NotArrived."""
        page = await self._open()
        await self.agency.press(f"虚拟号呼叫{name}", _more_calls(page))

    async def ask_back(self, name: str) -> None:
        """Ask an expert to call back, for the first time. Raises NotArrived."""
        await self._open()
        marker = f'aria-label="请{name}回电">请专家回电（已请1次）'
        await self.agency.press(f"请{name}回电", lambda page: marker in page.html)

    async def record(self, name: str, gathering: datetime | None) -> None:
        """Note what an expert said on the phone: a statement, which decides nothing. Raises NotArrived."""
        page = await self._open()
        fields = page.form_of(f"提交{name}的陈述").ticked("不参评" if gathering is None else "参评")
        if gathering is not None:
            fields["gathering_at"] = print_moment(gathering)
        await self.agency.press(f"提交{name}的陈述", "已登记为代理机构陈述", **fields)

    async def confirm(self) -> str:
        """Confirm all answers for good; returns the label of the activity's state. Raises NotArrived."""
        await self._open()
        button = "提交最终确认结果"
        page = await self.agency.press(button, lambda page: button not in page.buttons)
        [label] = re.findall(r'<p class="bar" role="status"><span class="tag[^>]*>([^<]+)<', page.html)
        return str(label)

    async def _open(self) -> BrowserPage:
        return await self.agency.open_step(self.draw, "notify")


def _read_released(page: BrowserPage) -> list[ReleasedLine]:
    return [
        ReleasedLine(
            name=unescape(match["name"]),
            code=match["code"],
            reached=match["voice"] == "已送达",
            texted=match["text"] == "已发送",
            confirmed=match["confirmed"] == "已确认",
            by_hand=f"登记{unescape(match['name'])}{match['code']}已通知" in page.buttons,
        )
        for match in _RELEASED.finditer(page.html)
    ]


def _more_calls(page: BrowserPage) -> Callable[[BrowserPage], bool]:
    """Whether a page shows more virtual calls than this one."""
    before = len(_CALL.findall(page.text))
    return lambda page: len(_CALL.findall(page.text)) > before
