"""The codec of the chat: our own against wechatpy, by processor time, in turns in one process.

``python -m benchmarks.codec`` takes the words that people type and the answers in the pools' rulebooks, opens each
word as a safe-mode callback (signature, AES, XML), renders each answer as a text reply, and seals it. Both sides must
agree on every word and answer. Aims: a text reply takes at most half of wechatpy's processor time, all three steps at
most 0.7 of it, although ours also checks age, receiver, fields and padding. For comparison it prints what a news reply
costs, which the service itself renders by wechatpy, and what importing wechatpy takes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TextReply

from app.rulebook_files import load_rulebooks
from benchmarks.chat_ours import APPID, KEY, TOKEN
from bot.codec import Codec
from bot.messages import parse_xml
from bot.rendering import render
from bot.replies import Article, News, Text, shorten
from domain.rulebook.people import Help
from handlers import commands

RULEBOOKS = Path(__file__).parent.parent / "config" / "rulebooks"
OPENID, ACCOUNT = "oBench0123456789012345678901", "gh_1"
RENDER_AIM, AIM = 0.5, 0.7
OURS = Codec("bench", appid=APPID, token=TOKEN, aes_key=KEY, original_id=ACCOUNT)
THEIRS = WeChatCrypto(TOKEN, KEY, APPID)
_IMPORT = "import time, aiohttp, cryptography; t = time.process_time(); import wechatpy; print(time.process_time() - t)"


class Callback(NamedTuple):
    """A word as WeChat sends it."""

    query: dict[str, str]
    body: bytes
    word: str


def words() -> list[str]:
    """Words that people type or tap."""
    return sorted(value for name, value in vars(commands).items() if name.isupper() and isinstance(value, str))


def answers() -> list[str]:
    """Texts of all pools: guides and answers to frequent questions, within the length that WeChat shows."""
    pools = [path.stem for path in RULEBOOKS.glob("[a-z]*.toml")]
    texts = {text for book in load_rulebooks(RULEBOOKS, pools).values() for text in _texts(book.help)}
    return sorted(shorten(text).strip() for text in texts)


def _texts(rules: Help) -> list[str]:
    return [rules.guide, *(question.answer for question in rules.faq)]


def callback(number: int, word: str, now: int) -> Callback:
    plain = (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{word}]]></Content>"
        f"<MsgId>{number}</MsgId></xml>"
    )
    sealed, nonce, stamp = OURS.encrypt(plain.encode()), str(number), str(now)
    query = {"timestamp": stamp, "nonce": nonce, "msg_signature": OURS.sign(stamp, nonce, sealed)}
    body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return Callback(query, body.encode(), word)


class Step(NamedTuple):
    name: str
    ours: Callable[[], object]
    theirs: Callable[[], object]


def steps(count: int) -> list[Step]:
    """Each handles ``count`` words or answers. SystemExit when both sides disagree."""
    now = datetime.now(UTC)
    stamp = int(now.timestamp())
    calls = [callback(24_000_000 + number, word, stamp) for number, word in enumerate(islice(cycle(words()), count))]
    texts = list(islice(cycle(answers()), count))
    rendered = [_render(text, stamp) for text in texts]
    check(calls, texts, now)
    return [
        Step("open a callback", lambda: [_open(call, now) for call in calls], lambda: [_their_open(c) for c in calls]),
        Step(
            "render a text reply",
            lambda: [_render(text, stamp) for text in texts],
            lambda: [_their_render(text, stamp) for text in texts],
        ),
        Step(
            "seal a reply",
            lambda: [OURS.envelope(OURS.encrypt(xml), "7", stamp) for xml in rendered],
            lambda: [THEIRS.encrypt_message(xml, "7", str(stamp)) for xml in rendered],
        ),
    ]


def check(calls: Sequence[Callback], texts: Sequence[str], now: datetime) -> None:
    stamp = int(now.timestamp())
    if any(_open(call, now) != call.word or _their_open(call) != call.word for call in calls):
        raise SystemExit("a word was read wrongly")
    if any(parse_xml(_render(text, stamp)) != parse_xml(_their_render(text, stamp).encode()) for text in texts):
        raise SystemExit("an answer was rendered differently")


def _open(call: Callback, now: datetime) -> str:
    return OURS.open(call.query, call.body, now).message.text


def _their_open(call: Callback) -> str:
    query = call.query
    plain = THEIRS.decrypt_message(call.body, query["msg_signature"], query["timestamp"], query["nonce"])
    return str(parse_message(plain).content)


def _render(text: str, stamp: int) -> bytes:
    return render(Text(text), OPENID, ACCOUNT, stamp) or b""


def _their_render(text: str, stamp: int) -> str:
    return str(TextReply(content=text, source=ACCOUNT, target=OPENID, time=stamp).render())


def micros(work: Callable[[], object], count: int) -> float:
    """Microseconds of processor time of each of ``count``."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / count * 1e6


def measure(step: Step, count: int, rounds: int) -> tuple[float, float]:
    """Medians of ours and wechatpy's over rounds in which both take turns."""
    pairs = [(micros(step.ours, count), micros(step.theirs, count)) for _ in range(rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print_figures(step.name, ours, theirs)
    return ours, theirs


def print_figures(name: str, ours: float, theirs: float) -> None:
    print(f"{name:20} {ours:6.1f} µs, wechatpy {theirs:6.1f} µs, {ours / theirs:.2f} of its processor time")


def print_news(count: int, rounds: int) -> None:
    news = News([Article("抽取结果", "点开查看本次抽取的完整记录", "https://example.org/h5/demo/records/1", "")])
    costs = [micros(lambda: [render(news, OPENID, ACCOUNT, 1) for _ in range(count)], count) for _ in range(rounds)]
    print(f"{'render a news reply':20} {statistics.median(costs):6.1f} µs, by wechatpy")


def print_import() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True, text=True)
    print(f"{'import wechatpy':20} {float(done.stdout) * 1000:6.0f} ms, once in a process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000, help="words and answers in a round")
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    figures = [measure(step, chosen.count, chosen.rounds) for step in steps(chosen.count)]
    ours, theirs = (sum(column) for column in zip(*figures, strict=True))
    print_figures("all three", ours, theirs)
    print_news(chosen.count, chosen.rounds)
    print_import()
    mine, their = figures[1]
    raise SystemExit(0 if mine <= RENDER_AIM * their and ours <= AIM * theirs else 1)


if __name__ == "__main__":
    main()
