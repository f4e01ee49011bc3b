"""Files that a person would attach, generated: a portrait, photographed certificates, signed scans. All small."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

A4 = (826, 1169)
"""At 100 dots an inch."""


def portrait() -> bytes:
    """A one-inch photo (一寸照片): a head before a blue wall. JPEG."""
    picture = Image.new("RGB", (295, 413), (67, 142, 219))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((87, 90, 207, 240), fill=(236, 198, 168))
    draw.pieslice((80, 76, 214, 200), 180, 360, fill=(40, 34, 32))
    draw.rounded_rectangle((40, 258, 255, 440), 60, fill=(46, 56, 84))
    return _saved(picture, "JPEG")


def card(seed: int = 1) -> bytes:
    """A photographed card or certificate, a different one for each ``seed``. JPEG."""
    chance = random.Random(seed)  # noqa: S311 (a drawing, no secret)
    picture = Image.new("RGB", (856, 540), (238, 240, 245))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((24, 24, 832, 516), outline=(150, 60, 60), width=4)
    for line in range(6):
        draw.rectangle((80, 90 + 62 * line, 220 + chance.randrange(420), 110 + 62 * line), fill=(70, 74, 82))
    draw.ellipse((620, 340, 780, 500), outline=(200, 40, 40), width=6)
    return _saved(picture, "JPEG")


def signed_scan(seed: int = 1) -> bytes:
    """A signed and stamped sheet as scanners produce it: a PDF with one image."""
    chance = random.Random(seed)  # noqa: S311 (as above)
    picture = Image.new("L", A4, 250)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((90, 130, 736, 960), outline=60, width=2)
    for line in range(14):
        draw.line((90, 190 + 55 * line, 736, 190 + 55 * line), fill=120)
    stroke = [(480 + 18 * at, 1020 + chance.randrange(-22, 22)) for at in range(12)]
    draw.line(stroke, fill=20, width=4, joint="curve")
    return _saved(picture, "PDF")


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 80} if kind == "JPEG" else {"resolution": 100}))
    return out.getvalue()
