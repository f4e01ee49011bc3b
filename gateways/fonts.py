"""Finds the fonts of documents."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_FILES = frozenset({".otf", ".ttf", ".otc", ".ttc"})


class FontsMissing(Exception):
    """No font with Chinese characters was found; the text says where it was looked for."""


def find_fonts(folder: Path | None) -> Path:
    """``folder``, or the folder of the wheel ``mplfonts``. Raises FontsMissing for one without font files."""
    fonts = folder or wheel_fonts()
    if not any(path.suffix.lower() in _FILES for path in fonts.rglob("*")):
        raise no_font(fonts)
    return fonts


def no_font(folder: Path) -> FontsMissing:
    return FontsMissing(f"{folder} holds no font; name a folder with a Chinese one (PBT_FONTS)")


def wheel_fonts() -> Path:
    """The font folder of the wheel ``mplfonts``, which is never imported. Raises FontsMissing."""
    spec = importlib.util.find_spec("mplfonts")
    if spec is None or spec.origin is None:
        raise FontsMissing("the wheel mplfonts is not installed; install it or name a folder of fonts (PBT_FONTS)")
    return Path(spec.origin).parent / "fonts"
