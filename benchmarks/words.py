"""Every word of the official account as its persons send it, to the real product on the filled database.

``python -m benchmarks.words`` starts two web processes on a copy of the database of ``benchmarks.seed`` (which it makes
where there is none) and sends signed safe-mode messages. For each word: CPU of ours, PostgreSQL and Valkey, statements
(counted in a third process behind a proxy), p50 and p99 at 30 % load, and how its CPU compares with a bare echo's of
wechatpy + Flask in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.callbacks import Account, choices, is_reply
from benchmarks.folder import DATA_DIR
from benchmarks.load import Check, Load, full_speed
from benchmarks.meter import QUICK, Aim, Case, Pace, echo, measure_all, print_result
from benchmarks.people import AHEAD, EXPERT, FEE, INVITED, REVIEWING, STRANGER, People, find_people
from benchmarks.processes import print_load
from benchmarks.product import PORT, Product, product
from benchmarks.seed import Sizes
from benchmarks.stage import call_experts
from bot.dialogue import BUSY
from handlers import commands, texts

WORDS: dict[str, Sequence[str]] = {
    commands.STATUS: (AHEAD, REVIEWING, FEE, STRANGER),
    commands.HELP: (AHEAD, STRANGER),
    commands.MENU: (AHEAD, REVIEWING, STRANGER),
    "今天天气不错": (AHEAD, REVIEWING, STRANGER),
    commands.INVITATIONS: (AHEAD, INVITED),
    commands.PANELS: (AHEAD,),
    commands.PAST_PANELS: (AHEAD,),
    commands.CHECK_IN: (AHEAD,),
    commands.LATE: (AHEAD,),
    commands.ON_TIME: (AHEAD,),
    commands.ON_THE_WAY: (AHEAD,),
    commands.LEAVE: (AHEAD,),
    commands.CONFIRM_LEAVE: (AHEAD,),
    commands.AGREE_MOVE: (AHEAD,),
    commands.REFUSE_MOVE: (AHEAD,),
    commands.WILL_COME: (AHEAD,),
    commands.AVAILABILITY: (EXPERT,),
    commands.CHANCES: (EXPERT,),
    commands.RECUSAL: (EXPERT,),
    commands.PROGRESS: (REVIEWING, FEE, STRANGER),
    commands.PAY: (FEE, REVIEWING),
    commands.APPLY: (REVIEWING, STRANGER),
    commands.MEND: (REVIEWING,),
    commands.GIVE_UP: (REVIEWING,),
    commands.GUIDE: (EXPERT,),
    commands.FEEDBACK: (EXPERT,),
    commands.MY_FEEDBACK: (EXPERT, STRANGER),
    commands.COMPLAINT: (EXPERT, "agency", STRANGER),
    commands.APPEAL: (EXPERT, REVIEWING),
    commands.MATERIALS: (EXPERT, STRANGER),
    commands.RECORDS: (EXPERT, STRANGER),
    commands.EXAM: (EXPERT, REVIEWING),
    commands.BOOK_EXAM: (EXPERT,),
    commands.RESUME: (EXPERT,),
    commands.GO_ON: (EXPERT,),
    commands.NOTICES: (EXPERT, "agency"),
    commands.CERTIFICATES: (EXPERT,),
    commands.COURSES: (EXPERT,),
    commands.WORK: ("reviewer", "supervisor", "verifier", "venue", "agency", "admin"),
    commands.REMUNERATION: (EXPERT,),
    commands.REMIND_PAYMENT: (EXPERT,),
    commands.TO_DO: ("agency", "verifier", "supervisor"),
    commands.PROJECTS: ("agency",),
    commands.DRAWS: ("agency",),
    commands.SUPPLEMENT: ("agency",),
    commands.URGE: ("agency", "venue"),
    commands.VERIFY: ("verifier",),
    commands.SUPERVISE: ("supervisor",),
    commands.TODAY: ("venue",),
    commands.BIND: (STRANGER, EXPERT),
    commands.REGISTER: (STRANGER,),
    commands.UNBIND: (EXPERT,),
    commands.NOT_ME: (EXPERT,),
    commands.FOLLOW_REPORT: (AHEAD, STRANGER),
    commands.COMPLAINT: (AHEAD, STRANGER),
    commands.APPEAL: (AHEAD,),
    commands.MY_FEEDBACK: (AHEAD,),
    commands.REMIND_PAYMENT: (AHEAD,),
    commands.REPORT: (EXPERT, STRANGER),
    commands.NOBODY_CONTACTED: (EXPERT,),
    commands.SOMEBODY_CONTACTED: (EXPERT,),
}
"""Words by kind of person, one unknown word among them."""
_OWN = (commands.STATUS, commands.PROGRESS, commands.PAY, commands.INVITATIONS, commands.PANELS, commands.CHECK_IN)
AIMS = {
    **dict.fromkeys((commands.HELP, commands.MENU, "今天天气不错"), Aim(ratio=2.0)),
    **dict.fromkeys((*_OWN, commands.LEAVE), Aim(ratio=1.0)),
}
_ANSWER = Aim(ratio=0.4)
_ANSWERS = 150
"""Invitations for each way of answering, as each can be answered once."""
_SHOWN = 40
_NEEDED = 20
_ANSWERED = (commands.INVITATIONS, "tap 参加", "tap 确认不参加")


def is_answer(account: Account) -> Check:
    """Whether a reply is another one than that of a busy service."""
    return lambda head, body: is_reply(head, body) and not account.read(body).startswith(BUSY)


def cases(product: Product, people: People) -> Iterator[Case]:
    """All words but those of the invited."""
    for word, persons in WORDS.items():
        for who in persons:
            if who != INVITED:
                yield _word_case(product, people, word, who)


def _word_case(product: Product, people: People, word: str, who: str) -> Case:
    aim = AIMS.get(word, Aim())
    return Case(word, who, lambda: product.account.says(people.next(who), word), is_answer(product.account), aim)


async def answers(product: Product, people: People) -> list[Case]:
    """Messages of the invited: the word that shows invitations, a tap that accepts, one that confirms a refusal."""
    shown, agreeing, refusing = (people.invited[start:end] for start, end in _shares(len(people.invited)))
    people.add(INVITED, [row["openid"] for row in shown])
    account = product.account
    agree = deque(account.says(row["openid"], texts.ATTEND, tap=row["menu_id"]) for row in agreeing)
    confirm = deque(await _make_confirmations(account, refusing))
    return [
        _word_case(product, people, _ANSWERED[0], INVITED),
        _single_use_case(_ANSWERED[1], agree, is_answer(account)),
        _single_use_case(_ANSWERED[2], confirm, is_answer(account)),
    ]


def _shares(count: int) -> list[tuple[int, int]]:
    return [(0, _SHOWN), (_SHOWN, (count + _SHOWN) // 2), ((count + _SHOWN) // 2, count)]


def _single_use_case(name: str, requests: deque[bytes], check: Check) -> Case:
    return Case(name, INVITED, lambda: requests.popleft() if requests else None, check, _ANSWER)


async def _make_confirmations(account: Account, invited: Sequence[Any]) -> Iterable[bytes]:
    """Every expert taps 不参加; returns the taps that confirm it."""
    load = Load(PORT, is_answer(account), bodies=[])
    taps = (account.says(row["openid"], texts.DECLINE, tap=row["menu_id"] + 1) for row in invited)
    await full_speed(load, taps, connections=8)
    if load.errors or load.bodies is None:
        raise SystemExit(f"nobody could refuse: {load.wrong[:300]!r}")
    offers = [(account.reader(body), choices(account.read(body))) for body in load.bodies]
    return [
        account.says(openid, offered[texts.CONFIRM_DECLINE][0], tap=offered[texts.CONFIRM_DECLINE][1])
        for openid, offered in offers
    ]


async def run(data_dir: Path, sizes: Sizes, pace: Pace, only: str) -> bool:
    """Whether all is well. ``only`` is a part of the names of the words that are wanted."""
    answered = any(only in name for name in _ANSWERED)
    async with product(data_dir, sizes) as started, echo(pace) as bare:
        if answered:
            await call_experts(started.settings, -(-(2 * _ANSWERS + _SHOWN) // _NEEDED), needed=_NEEDED)
        people = await find_people(started)
        wanted = [case for case in cases(started, people) if only in case.name]
        results = await measure_all(started, wanted, pace, bare)
        limited = replace(pace, most=_ANSWERS // 2 - 15, warm_up=16)
        once = [case for case in await answers(started, people) if only in case.name] if answered else []
        results += await measure_all(started, once, limited, bare)
        return print_result("Words", results, bare.cost)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--quick", action="store_true", help="a second and a half for each word")
    parser.add_argument("--only", default="", help="words that contain this")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(chosen.data_dir, Sizes(), QUICK if chosen.quick else Pace(), chosen.only))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
