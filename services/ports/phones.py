"""SMS and voice calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType, Protocol

Prices = NewType("Prices", Mapping[str, int])
"""Fen for one SMS and one call, by channel, for the delivery statistics."""


@dataclass(frozen=True)
class CallReport:
    """A pushed report of a voice call: only a claim, since vendors don't sign reports. ``out_id`` is our echoed id.

    ``keys`` are all keys pressed, in order; ``status`` the vendor's status code as text; ``ended`` is false while the
    call goes on.
    """

    call_id: str
    out_id: str
    ended: bool
    status: str
    keys: str
    ended_at: datetime | None
    seconds: int = 0
    """Seconds of talk."""


@dataclass(frozen=True)
class CallDetail:
    """A voice call in the vendor's response to our query. ``keys`` None: unknown which were pressed."""

    call_id: str
    called: str
    """The number called."""
    ended: bool
    status: str
    keys: str | None
    seconds: int = 0
    """Seconds of talk."""


@dataclass(frozen=True)
class SmsReport:
    """The delivery state of an SMS; ``delivered`` None while unknown. ``out_id`` is our echoed id."""

    biz_id: str
    out_id: str
    delivered: bool | None
    vendor_code: str


class SmsSender(Protocol):
    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        """Send one SMS with the pool's signature and its text of ``template``; returns the vendor's id.

        ``out_id`` is our id, which the report echoes.
        """
        ...

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, out_id: str) -> SmsReport | None:
        """Query the delivery state; None when the vendor has no record (yet)."""
        ...


class VoiceCaller(Protocol):
    async def call(
        self,
        pool: str,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        out_id: str,
        bye: str = "",
    ) -> str:
        """Ring a phone, speak the pool's ``template``, offer ``keys`` (key → template spoken on it; empty: none).

        ``bye`` is the template that ends a call with keys. Returns the vendor's call id.
        """
        ...

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        """Query a call's outcome; None when the vendor has no record (yet)."""
        ...


class CallBridge(Protocol):
    """Connects two persons by phone, neither of whom sees the other's number (虚拟号)."""

    def offers(self, pool: str) -> bool:
        """Whether the pool has a number for it."""
        ...

    async def connect(self, pool: str, caller: str, callee: str, *, out_id: str) -> str:
        """Call ``caller``; when he answers, call ``callee``. Both see the platform's number only.

        Returns the vendor's call id. ``out_id`` is our id, which the reports echo. Raises Rejected or Transient for a
        call that was not made, OutcomeUnknown for one that perhaps was.
        """
        ...

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        """Query the outcome; None while the vendor has no record."""
        ...


@dataclass(frozen=True)
class IncomingCallEvent:
    """What the vendor reports of a call to one of our numbers; it waits for the next prompt.

    ``caller`` is what the carriers pass on: it can be withheld (empty) or forged, so it proves nothing. ``turn`` is
    that of the prompt which the event follows, 0 when the call begins.
    """

    call_id: str
    called: str
    caller: str
    what: Literal["begun", "pressed", "silent", "ended"]
    turn: int = 0
    keys: str = ""


@dataclass(frozen=True)
class CallPrompt:
    """What the caller hears next. ``keys`` is how many keys are then collected; 0: the call ends after the text."""

    turn: int
    text: str
    keys: int


class PhoneNumbers(Protocol):
    """The numbers from which pools call."""

    def number_of(self, pool: str) -> str:
        """The number that people see when the pool calls; empty: not known, as the vendor chooses one."""
        ...

    def takes_calls(self, pool: str) -> bool:
        """Whether a call back to this number is answered here."""
        ...

    def pools_of(self, number: str) -> Sequence[str]:
        """The pools that take calls at a number; several where they share it, none for a strange one."""
        ...
