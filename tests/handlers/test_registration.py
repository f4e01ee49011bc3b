"""The router of the service: its handlers and their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.menu import load_menu
from bot.router import Router
from handlers import commands, register_all

MENUS = Path(__file__).parents[2] / "config" / "menus"


@pytest.fixture
def router() -> Router:
    made = Router()
    register_all(made)
    return made


@pytest.mark.parametrize("path", sorted(MENUS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_menu_key_has_a_handler(router: Router, path: Path) -> None:
    load_menu(path, known_keys=router.menus)


def test_every_talk_can_be_begun_again_by_its_name(router: Router) -> None:
    names = [name for name, conversation in router.conversations.items() if not conversation.gives_way]
    for name in names:
        assert router.find_keyword(name) is not None, name


def test_a_word_offered_to_tap_must_have_a_handler() -> None:
    with pytest.raises(ValueError, match="nobody answers"):
        commands.register(Router())


def test_the_ids_of_commands_are_their_own() -> None:
    assert len(set(commands.TAPS.values())) == len(commands.TAPS)
    assert max(commands.TAPS.values()) < 70_001
