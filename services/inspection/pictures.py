"""Re-encodes images, smaller and without metadata of a camera or a program."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps

from domain.errors import InvalidInput
from domain.file_types import FileType
from services.inspection.file_types import PREVIEW

JPEG_PIXELS_MAX = 120_000_000
"""Pixels of a phone's best camera; a JPEG is decoded at a fraction of its size."""
PROGRESSIVE_PIXELS_MAX = 40_000_000
"""A progressive JPEG is held completely, up to 8 bytes a pixel; cameras write none."""
PNG_PIXELS_MAX = 30_000_000
"""A PNG is decoded completely, 4 bytes a pixel."""
_DECODED = 2 * PREVIEW


def render_picture(content: bytes, kind: FileType, side: int) -> bytes:
    """The image upright, its longer side at most ``side``, as a JPEG without metadata.

    The whole file is decoded. Raises InvalidInput for a damaged, truncated or too large one.
    """
    try:
        with (
            _ignore_warnings(),
            Image.open(io.BytesIO(content), formats=["JPEG" if kind == "jpg" else "PNG"]) as picture,
        ):
            if picture.width * picture.height > _pixels_max(picture):
                raise _too_many_pixels()
            picture.draft("RGB", (_DECODED, _DECODED))
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((side, side))
            return _as_flat_jpeg(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (OSError, ValueError, SyntaxError, IndexError, KeyError, TypeError, EOFError, MemoryError) as error:
        # Pillow's decoders raise all of these for truncated or invalid files
        raise InvalidInput("图片不完整或已损坏，请重新拍照或导出后再上传。", code="file_broken") from error


def _pixels_max(picture: Image.Image) -> int:
    if picture.format != "JPEG":
        return PNG_PIXELS_MAX
    return PROGRESSIVE_PIXELS_MAX if picture.info.get("progressive") else JPEG_PIXELS_MAX


@contextmanager
def _ignore_warnings() -> Iterator[None]:
    """Suppresses Pillow's warnings about damaged metadata, which the result doesn't contain."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _too_many_pixels() -> InvalidInput:
    return InvalidInput("图片像素过大，请缩小或截图后再上传。", code="file_pixels")


def _as_flat_jpeg(picture: Image.Image) -> bytes:
    """On a white background for JPEG, without metadata."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        transparent = picture.convert("RGBA")
        flat = Image.new("RGB", transparent.size, "white")
        flat.paste(transparent, mask=transparent.getchannel("A"))
    else:
        flat = picture.convert("RGB")
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True, exif=b"", icc_profile=None)
    return out.getvalue()
