"""Addresses short enough for an SMS: the attempt's number, and a few characters against enumeration.

They lead to a page and grant no access: the visitor logs in there as usual.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass

from domain.errors import NotFound
from services.core.base import Deps, rows
from services.core.crypto import Keyring
from services.notifications.actions import ACTIONS
from services.notifications.entrances import Entrances

_TAG = b"pbt-notice-link-v1\0"
_MAC = 4
"""Number of check letters."""
_CODE = re.compile(rf"([0-9a-f]{{1,15}})([a-z2-7]{{{_MAC}}})")
_FIND = (
    "SELECT n.pool, n.kind, n.params FROM attempt a JOIN notice n ON n.id = a.notice_id "
    "WHERE a.number = $1 AND a.channel = 'sms'"
)


def path_of(keys: Keyring, number: int) -> str:
    """``/n/1a2b37kqx``."""
    return f"/n/{number:x}{_mac(keys, number)}"


@dataclass(frozen=True)
class ShortLinks:
    deps: Deps
    entrances: Entrances

    async def find(self, code: str) -> str:
        """The page's path of a short address. Raises NotFound for one that we did not send."""
        read = _CODE.fullmatch(code)
        if read is None or not hmac.compare_digest(read[2], _mac(self.deps.keys, int(read[1], 16))):
            raise _unknown_link()
        notices = await rows(_FIND, int(read[1], 16))
        action = ACTIONS.get(notices[0]["kind"]) if notices else None
        if action is None:
            raise _unknown_link(notices[0]["pool"] if notices else "")
        pool, params = notices[0]["pool"], notices[0]["params"]
        stored_params = params if isinstance(params, dict) else json.loads(params)
        texts = {name: str(value) for name, value in stored_params.items()}
        return self.entrances.path(pool, action.path({**texts, "pool": pool}))


def _mac(keys: Keyring, number: int) -> str:
    digest = hmac.new(keys.signing, _TAG + str(number).encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_MAC]


def _unknown_link(pool: str = "") -> NotFound:
    about = {"pool": pool} if pool else {}
    return NotFound("链接无效，请使用最新一条通知中的链接。", code="link_invalid", params=about)
