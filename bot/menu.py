"""The official account's menu: from a TOML file to what WeChat's menu/create wants.

Limits: WeChat's page 创建菜单; those of key and url are commonly cited figures that the page doesn't state.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

Json: TypeAlias = "str | list[dict[str, Json]]"

_TOP, _BELOW = 3, 5
_TOP_NAME, _SUB_NAME = 16, 60
_KEY, _URL = 128, 1024


class MenuError(Exception):
    """An invalid menu; one sentence names the file, the button and the fault."""


class Button(BaseModel):
    """``key`` is handled by the bot, ``url`` opens a page, ``page`` the mini-program, ``button`` holds sub-buttons."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: str | None = None
    url: str | None = None
    page: str | None = None
    button: tuple[Button, ...] = ()

    @model_validator(mode="after")
    def _one_act(self) -> Button:
        acts = [act for act in (self.key, self.url, self.page) if act is not None]
        if len(acts) + bool(self.button) != 1:
            raise ValueError(f"{self.name!r} needs exactly one of key, url, page or buttons below it")
        return self


class Menu(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    button: tuple[Button, ...]

    def leaves(self) -> Iterator[Button]:
        for top in self.button:
            yield from top.button or (top,)


def menu_file(folder: Path, pool: str) -> Path:
    """The pool's own file, or the default."""
    own = folder / f"{pool}.toml"
    return own if own.exists() else folder / "default.toml"


def role_menu_files(folder: Path) -> dict[str, Path]:
    """The menus by role, by the group of followers that they are for."""
    return {path.stem: path for path in sorted((folder / "roles").glob("*.toml"))}


def load_menu(path: Path, known_keys: Collection[str] | None = None) -> Menu:
    """Read and check a menu. ``known_keys`` are those that the router handles. Raises MenuError."""
    try:
        menu = Menu.model_validate(tomllib.loads(path.read_text("utf-8")))
        _check(menu)
        if known_keys is not None:
            _check_keys(menu, known_keys)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise MenuError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise MenuError(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    except ValueError as error:
        raise MenuError(f"{path}: {error}") from error
    return menu


def render_menu(menu: Menu, *, pool: str, public_url: str, mini_appid: str | None) -> list[dict[str, Json]]:
    """Buttons in the format of menu/create. Those of the mini-program are left out where ``mini_appid`` is None."""
    rendered = []
    for top in menu.button:
        button = _render(top, pool, public_url, mini_appid)
        if button is not None:
            rendered.append(button)
    return rendered


def _render(button: Button, pool: str, public_url: str, mini_appid: str | None) -> dict[str, Json] | None:
    if button.button:
        below = [_render(item, pool, public_url, mini_appid) for item in button.button]
        shown_buttons = [item for item in below if item is not None]
        return {"name": button.name, "sub_button": shown_buttons} if shown_buttons else None
    if button.key is not None:
        return {"type": "click", "name": button.name, "key": button.key}
    if button.url is not None:
        return {"type": "view", "name": button.name, "url": button.url.format(public_url=public_url, pool=pool)}
    if mini_appid is None or button.page is None:
        return None
    return {
        "type": "miniprogram",
        "name": button.name,
        "url": public_url,
        "appid": mini_appid,
        "pagepath": button.page,
    }


def _check(menu: Menu) -> None:
    """Raises ValueError."""
    if not 1 <= len(menu.button) <= _TOP:
        raise ValueError(f"has {len(menu.button)} buttons, WeChat takes 1 to {_TOP}")
    for top in menu.button:
        _check_bytes(top.name, "name", top.name, _TOP_NAME)
        if len(top.button) > _BELOW:
            raise ValueError(f"{top.name!r} has {len(top.button)} buttons below it, WeChat takes {_BELOW}")
        for below in top.button:
            _check_bytes(below.name, "name", below.name, _SUB_NAME)
            if below.button:
                raise ValueError(f"{below.name!r} is a second level and can't have buttons below it")
    for leaf in menu.leaves():
        _check_bytes(leaf.name, "key", leaf.key or "", _KEY)
        _check_bytes(leaf.name, "url", leaf.url or "", _URL)
        if leaf.url is not None and not leaf.url.startswith(("https://", "{public_url}")):
            raise ValueError(f"{leaf.name!r}: url must begin with https:// or {{public_url}}")


def _check_bytes(name: str, what: str, value: str, limit: int) -> None:
    if not name.strip():
        raise ValueError("a button has no name")
    if len(value.encode()) > limit:
        raise ValueError(f"{what} of {name!r} has {len(value.encode())} bytes, WeChat takes {limit}")


def _check_keys(menu: Menu, known: Collection[str]) -> None:
    """Raises ValueError."""
    for leaf in menu.leaves():
        if leaf.key is not None and leaf.key not in known:
            raise ValueError(f"nobody answers the key {leaf.key!r} of {leaf.name!r}; known: {', '.join(sorted(known))}")
