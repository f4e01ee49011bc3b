"""Customer-service windows: which acts open one, and how messages use it up."""

from __future__ import annotations

from sandbox.phones import Chat
from sandbox.wechat.errors import WechatError

SPOKEN_SECONDS, SPOKEN_COUNT = 48 * 3600.0, 5
TOUCHED_SECONDS, TOUCHED_COUNT = 60.0, 3


def note_message(chat: Chat, now: float) -> None:
    """The person wrote: five messages in 48 hours."""
    chat.spoken.open(now, SPOKEN_SECONDS, SPOKEN_COUNT)
    chat.last_exchange = now


def note_tap(chat: Chat, now: float) -> None:
    """The person followed, scanned, tapped the menu or a choice: three messages in a minute."""
    chat.touched.open(now, TOUCHED_SECONDS, TOUCHED_COUNT)
    chat.last_exchange = now


def close(chat: Chat) -> None:
    chat.spoken.open(0, 0, 0)
    chat.touched.open(0, 0, 0)


def spend(chat: Chat, now: float) -> None:
    """Uses the window that ends first. WechatError 45015: none is open; 45047: open, but used up."""
    if not chat.following:
        raise WechatError(45015)
    is_open = [window for window in (chat.touched, chat.spoken) if window.until > now]
    if not is_open:
        raise WechatError(45015)
    for window in sorted(is_open, key=lambda item: item.until):
        if window.left > 0:
            window.left -= 1
            return
    raise WechatError(45047)
