"""Converts iPhone photos (HEIC) to JPEG, which all programs can open. Runs in ``checker``'s limited process."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pillow_heif
from PIL import Image, ImageOps

from domain.errors import InvalidInput

PIXELS_MAX = 50_000_000
"""Pixels of the best iPhone; decoded as a whole."""
SIDE, TARGET = 3200, 4_000_000
"""Longer side in pixels, and bytes, below the smallest limit for a photo."""
_HEIC = re.compile(rb"....ftyp(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1)", re.DOTALL)
_QUALITIES = (88, 75, 60)


def is_heic(content: bytes) -> bool:
    """By the first bytes."""
    return _HEIC.match(content) is not None


def jpeg_of(content: bytes) -> bytes:
    """An upright JPEG without metadata. Raises InvalidInput for a damaged or too large image."""
    try:
        photo = pillow_heif.open_heif(io.BytesIO(content))
        if photo.size[0] * photo.size[1] > PIXELS_MAX:
            raise InvalidInput("图片像素过大，请缩小或截图后再上传。", code="file_pixels")
        upright = ImageOps.exif_transpose(photo.to_pillow())
    except (OSError, ValueError, RuntimeError, SyntaxError, LookupError, TypeError, EOFError, MemoryError) as error:
        # libheif and its wrapper raise all of these for truncated or invalid files
        raise InvalidInput("照片不完整或已损坏，请重新拍照或导出后再上传。", code="file_broken") from error
    upright.thumbnail((SIDE, SIDE))
    jpegs = list(_jpegs_by_quality(upright.convert("RGB")))
    return next((jpeg for jpeg in jpegs if len(jpeg) <= TARGET), jpegs[-1])


def _jpegs_by_quality(picture: Image.Image) -> Iterator[bytes]:
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None)
        yield out.getvalue()
        if out.tell() <= TARGET:
            return
