"""Settings for tests, independent of the developer's environment file."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from pydantic import SecretStr

from config.settings import Keys, Settings


def make_settings(**values: Any) -> Settings:
    """Settings of the demonstration with ``values`` in place of the defaults."""
    return Settings(_env_file=None, **values)


POOLS = ("demo", "hunan", "xinjiang", "jilin", "guangdong")


def production_settings() -> Settings:
    """Valid production settings, without accounts at WeChat."""
    data, lookup, signing = (SecretStr(base64.b64encode(sha256(name).digest()).decode()) for name in (b"1", b"2", b"3"))
    return make_settings(
        env="production",
        http={"public_url": "https://pbt.example"},
        keys=Keys(data={"k1": data}, lookup=lookup, signing=signing).model_dump(),
        wechat={
            "api_url": "https://wechat.example",
            "open_url": "https://open.example",
            "script_url": "https://script.example/sdk.js",
        },
        sms={
            "url": "https://sms.example/",
            "access_key_secret": "own-sms",
            "pools": {pool: {"sign_name": f"{pool}评标"} for pool in POOLS},
        },
        voice={
            "url": "https://voice.example/",
            "access_key_secret": "own-voice",
            "pools": {pool: {} for pool in POOLS},
        },
        PBT_RECEIPTS={"path_token": "own-receipts-4f1c9d0a7b3e52688d1e"},
        identity={"issuer": "https://id.example", "client_secret": "own-identity"},
        mail={"host": "smtp.example", "port": 465, "tls": "tls", "username": "pbt", "password": "own-mail"},
    )
