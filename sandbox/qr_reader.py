"""Reads the QR code in a picture, as a phone's camera or a long press does."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image, UnidentifiedImageError

LARGEST_SIDE = 6000
"""Pixels; a larger picture is refused."""


class NoCode(Exception):
    """The picture holds no code that can be read."""


def read(picture: bytes) -> str:
    """The text of the first QR code in a PNG, JPEG or the like. Raises NoCode when there is none."""
    barcode = zxingcpp.read_barcode(_grey(picture), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if barcode is None or not barcode.valid:
        raise NoCode("no code in the picture")
    return str(barcode.text)


def _grey(picture: bytes) -> Image.Image:
    """Transparent parts are white, as a page shows them."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            if max(opened.size) > LARGEST_SIDE:
                raise NoCode("the picture is too large")
            coloured = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise NoCode("not a picture") from error
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("L")
