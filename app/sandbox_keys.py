"""RSA keys of the demonstration: the merchants' and those of the sandbox's WeChat Pay.

Unlike the other demo secrets they can't be derived from a name, so they are generated at the first start and stored in
the data folder, readable by their owner only. Web, worker and sandbox start concurrently; the first of them generates
the keys.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.command_error import CommandError
from config.settings import load_private_key

FILE = "sandbox-keys.json"
PLATFORM, CERTIFICATE = "platform", "certificate"
"""WeChat's keys in the two modes; all other names are pools."""


def demo_keys(data_dir: Path, pools: tuple[str, ...]) -> Mapping[str, str]:
    """Private keys in PEM by name. Generates missing ones; CommandError when the file can't be used."""
    path = data_dir / FILE
    names = (PLATFORM, CERTIFICATE, *pools)
    if not path.exists():
        _write_once(path, {name: _new_key() for name in names})
    try:
        keys = json.loads(path.read_text())
        for name in names:
            load_private_key(keys[name])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise CommandError(f"文件 {path} 已损坏，请删除它，下次启动时会重新生成。") from error
    return {name: str(keys[name]) for name in names}


def public_pem(private_pem: str) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return load_private_key(private_pem).public_key().public_bytes(encoding, shape).decode()


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()


def _write_once(path: Path, keys: Mapping[str, str]) -> None:
    """Write atomically, without replacing a file that another process wrote meanwhile (a link refuses, a rename would
    not)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{FILE}.") as draft:  # made with mode 0600
            json.dump(dict(keys), draft)
            draft.flush()
            os.link(draft.name, path)
    except FileExistsError:
        return
    except OSError as error:
        raise CommandError(f"不能写入 {path}（{error.strerror}），请检查目录 {path.parent} 的权限。") from error
