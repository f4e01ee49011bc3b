"""Which party a round of commitments (三方摇号) waits for, until when, and how many rounds were given up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.clock import local
from domain.draws.record import WITHHELD_MAX

PARTIES = {"agency": "代理机构", "supervisor": "监督人"}


@dataclass(frozen=True)
class RoundStage:
    """``waits_for``: roles that have not committed, or once all have, not revealed. ``until``: the deadline as printed.

    A commitment counts before the deadline only. A number may be published after it, until the agency aborts the round:
    refusing it would give its party a way to be rid of a seed.
    """

    act: Literal["commit", "reveal"]
    waits_for: tuple[str, ...]
    until: datetime
    now: datetime

    @property
    def is_late(self) -> bool:
        return self.now >= self.until

    @property
    def in_vain(self) -> bool:
        """Whether the round can only be given up."""
        return self.is_late and self.act == "commit"

    @property
    def words(self) -> str:
        """监督人提交随机数"""
        verb = "提交" if self.act == "commit" else "公开"
        return f"{print_parties(self.waits_for)}{verb}随机数"

    def describe(self) -> str:
        """For agency, offices and screens, so it asks none of them to act."""
        if not self.is_late:
            return f"等待{self.words}，{local(self.until):%H:%M}截止。"
        if self.in_vain:
            return f"{local(self.until):%H:%M}已过，{self.words}不再接受，待代理机构终止本轮后重新摇号。"
        return f"等待{self.words}；{local(self.until):%H:%M}已过，代理机构可以终止本轮。"


def find_stage(
    roles: Sequence[str], committed: Collection[str], revealed: Collection[str], until: datetime, now: datetime
) -> RoundStage:
    """The stage of an open round, whose seed is not fixed."""
    if waits_for := tuple(role for role in roles if role not in committed):
        return RoundStage("commit", waits_for, until, now)
    return RoundStage("reveal", tuple(role for role in roles if role not in revealed), until, now)


def print_parties(roles: Sequence[str]) -> str:
    return "和".join(PARTIES[role] for role in roles)


def reached_reminder(leads: Sequence[timedelta], begun: datetime, until: datetime, now: datetime) -> timedelta | None:
    """The shortest lead before ``until`` whose moment has come; leads that reach back to the beginning are left out, as
    the parties were asked then."""
    reached = [lead for lead in leads if begun < until - lead <= now < until]
    return min(reached, default=None)


@dataclass(frozen=True)
class OpenRound:
    """The newest round of a draw in state ``committing``: ``committed`` and ``revealed`` are roles. ``start_by``: when
    the system starts calling by itself; None until the order is fixed."""

    roles: Sequence[str]
    committed: Collection[str]
    revealed: Collection[str]
    until: datetime
    start_by: datetime | None

    def describe_agency_act(self, now: datetime) -> str:
        """The agency's next act and its time, or for whom it waits."""
        if self.start_by is not None:
            return f"专家顺序已确定，请启动抽取（{local(self.start_by):%H:%M}自动启动）"
        stage = find_stage(self.roles, self.committed, self.revealed, self.until, now)
        verb, at = ("提交" if stage.act == "commit" else "公开"), f"{local(self.until):%H:%M}"
        if "agency" in stage.waits_for:
            return self._describe_own_act(stage, verb, at)
        if stage.is_late:
            return f"监督人未在{at}前{verb}随机数，请终止本轮后重新摇号"
        return f"等待监督人{verb}随机数（{at}截止）"

    def _describe_own_act(self, stage: RoundStage, verb: str, at: str) -> str:
        if not stage.is_late:
            return f"请在{at}前打开抽取页{verb}随机数"
        if stage.in_vain:
            return f"{at}前未提交随机数，请终止本轮后重新摇号"
        return f"公开随机数的时间（{at}）已过，请尽快打开抽取页公开，或终止本轮"


@dataclass(frozen=True)
class RoundAborts:
    """``count`` rounds given up before any reveal, of ``most``; ``withheld`` after one, of ``WITHHELD_MAX``."""

    count: int
    most: int
    withheld: int

    @property
    def is_used_up(self) -> bool:
        """No round can be begun any more: the activity has to be terminated and applied for anew."""
        return self.count >= self.most or self.withheld >= WITHHELD_MAX

    @property
    def number(self) -> int:
        return self.count + self.withheld

    def after(self, *, withheld: bool) -> tuple[int, int]:
        """The number of an abort now, and the limit of its sort."""
        return (self.withheld + 1, WITHHELD_MAX) if withheld else (self.count + 1, self.most)


def count_aborts(most: int, withheld: Sequence[bool]) -> RoundAborts:
    """``withheld``: of each round that was given up, whether a number was public by then."""
    return RoundAborts(len(withheld) - sum(withheld), most, sum(withheld))
