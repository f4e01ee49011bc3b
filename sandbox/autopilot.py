"""Autopilots: phones that answer by themselves, as demo and benchmarks need them by the thousand."""

from __future__ import annotations

import re

from sandbox.alibaba.calls import Network
from sandbox.jsons import BadControlRequest
from sandbox.phones import Autopilot, Bubble, Phone, PhoneCall, PhoneLink
from sandbox.wechat.person import Person
from sandbox.wechat.platform import Platform

CHOICES = ("accept", "decline", "silent")
WAYS = ("voice", "chat", "both")

CONFIRM = re.compile(r"^(确认|确定|是的?$)")
ACCEPT = re.compile(r"^(参加|能参加|可以参加|接受|同意|到场)")
DECLINE = re.compile(r"^(不参加|不能参加|无法参加|拒绝|不接受|谢绝|请假)")
INVITES = re.compile(r"邀请(?!答复|结果)|抽取通知")
"""Titles of template messages that ask for an answer."""
PRESS_SECONDS = 2.0
ACTS, ACTS_SECONDS = 6, 120.0
"""Acts allowed in the span; an autopilot with more of them is in a loop with the account and stops."""


class Autopilots:
    def __init__(self, platform: Platform, network: Network) -> None:
        self._platform = platform
        self._network = network
        self._world = platform.world
        self._acts: dict[str, list[float]] = {}
        network.on_ring.append(self._answer_soon)
        platform.world.on_bubble.append(self._react_to_bubble)

    def set(self, phone: Phone, autopilot: Autopilot | None) -> None:
        if autopilot is not None:
            if autopilot.choice not in CHOICES:
                raise BadControlRequest(f"“choice” must be one of {', '.join(CHOICES)}")
            if autopilot.by not in WAYS:
                raise BadControlRequest(f"“by” must be one of {', '.join(WAYS)}")
        phone.autopilot = autopilot
        self._world.show_phone(phone)

    # -- by voice -----------------------------------------------------------------------------------------------

    def _answer_soon(self, phone: Phone, call: PhoneCall) -> None:
        pilot = phone.autopilot
        if pilot is not None and pilot.choice != "silent" and pilot.by != "chat":
            self._world.timeline.run_after(pilot.after, lambda: self._answer_call(pilot, call))

    def _answer_call(self, pilot: Autopilot, call: PhoneCall) -> None:
        if call.state == "ringing":
            self._network.answer(call)
            self._world.timeline.run_after(PRESS_SECONDS, lambda: self._press_keys(pilot, call))

    def _press_keys(self, pilot: Autopilot, call: PhoneCall) -> None:
        """Presses the same key twice and lets the voice finish."""
        if call.state == "talking" and call.kind == "ivr":
            self._network.press(call, pilot.keys or ("11" if pilot.choice == "accept" else "22"))

    # -- by chat ------------------------------------------------------------------------------------------------

    def _react_to_bubble(self, phone: Phone, pool: str, bubble: Bubble) -> None:
        pilot = phone.autopilot
        if pilot is None or pilot.choice == "silent" or pilot.by == "voice" or bubble.side != "account":
            return
        link = wanted_link(bubble, pilot.choice)
        if link is None and not (bubble.kind == "template" and INVITES.search(bubble.title)):
            return
        if not self._may_act(phone):
            return
        if link is not None:
            self._world.timeline.run_after(pilot.after, lambda: self._world.spawn(self._tap_link(phone, pool, link)))
        else:
            reply = pilot.say or ("参加" if pilot.choice == "accept" else "不参加")
            self._world.timeline.run_after(pilot.after, lambda: self._world.spawn(self._write_text(phone, pool, reply)))

    def _may_act(self, phone: Phone) -> bool:
        now = self._world.clock.now()
        recent = [at for at in self._acts.get(phone.id, []) if at > now - ACTS_SECONDS]
        may = len(recent) < ACTS
        self._acts[phone.id] = [*recent, now] if may else recent
        return may

    async def _tap_link(self, phone: Phone, pool: str, link: PhoneLink) -> None:
        if self._world.chat(phone, pool).following:
            await Person(self._platform, phone, pool).choose(link)

    async def _write_text(self, phone: Phone, pool: str, text: str) -> None:
        if self._world.chat(phone, pool).following:
            await Person(self._platform, phone, pool).text(text)


def wanted_link(bubble: Bubble, choice: str) -> PhoneLink | None:
    """The choice to tap: a confirmation first, else what the person wants."""
    menu = [link for link in bubble.links if link.kind == "menu"]
    for rule in (CONFIRM, ACCEPT if choice == "accept" else DECLINE):
        for link in menu:
            if rule.search(link.label):
                return link
    return None
