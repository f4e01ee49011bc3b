"""Menus from data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.menu import MenuError, load_menu, menu_file, render_menu

MENUS = Path(__file__).parents[2] / "config" / "menus"


def write(folder: Path, text: str) -> Path:
    path = folder / "x.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(MENUS.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_menu_of_ours_is_fit_for_wechat(path: Path) -> None:
    buttons = render_menu(load_menu(path), pool="demo", public_url="https://x.example", mini_appid="wxmini")
    assert 1 <= len(buttons) <= 3


def test_a_pool_has_its_own_menu_or_the_default(tmp_path: Path) -> None:
    (tmp_path / "hunan.toml").touch()
    assert menu_file(tmp_path, "hunan").name == "hunan.toml"
    assert menu_file(tmp_path, "jilin").name == "default.toml"


def test_each_sort_of_button_is_written_as_wechat_wants_it(tmp_path: Path) -> None:
    menu = load_menu(
        write(
            tmp_path,
            """
            [[button]]
            name = "甲"
            key = "K"
            [[button]]
            name = "乙"
            url = "{public_url}/h5/{pool}"
            [[button]]
            name = "丙"
            [[button.button]]
            name = "丁"
            page = "pages/a"
            """,
        )
    )
    assert render_menu(menu, pool="demo", public_url="https://x.example", mini_appid="wxmini") == [
        {"type": "click", "name": "甲", "key": "K"},
        {"type": "view", "name": "乙", "url": "https://x.example/h5/demo"},
        {
            "name": "丙",
            "sub_button": [
                {
                    "type": "miniprogram",
                    "name": "丁",
                    "url": "https://x.example",
                    "appid": "wxmini",
                    "pagepath": "pages/a",
                }
            ],
        },
    ]
    assert len(render_menu(menu, pool="demo", public_url="https://x.example", mini_appid=None)) == 2


TOP = '[[button]]\nname = "{}"\nkey = "K"\n'
BELOW = '[[button.button]]\nname = "{}"\nkey = "K"\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "button"),
        ("button = 1", "button"),
        ("[[", "x.toml"),
        (TOP.format("甲") * 4, "4 buttons"),
        (TOP.format("一二三四五六"), "18 bytes"),
        (TOP.format(" "), "no name"),
        ('[[button]]\nname = "甲"\n' + BELOW.format("乙") * 6, "6 buttons below"),
        ('[[button]]\nname = "甲"\n' + BELOW.format("乙" * 21), "63 bytes"),
        ('[[button]]\nname = "甲"\n', "exactly one"),
        (TOP.format("甲") + 'url = "https://x"\n', "exactly one"),
        ('[[button]]\nname = "甲"\nurl = "http://x"\n', "https://"),
        (TOP.format("甲") + 'kind = "x"\n', "kind"),
        ('[[button]]\nname = "甲"\nkey = "' + "K" * 129 + '"', "129 bytes"),
        (TOP.format("甲").replace('"K"', '"NOBODY"'), "nobody answers"),
    ],
)
def test_what_wechat_would_refuse_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(MenuError, match=reason):
        load_menu(write(tmp_path, text), {"K"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MenuError, match=r"none\.toml"):
        load_menu(tmp_path / "none.toml")
