"""PNG files: read back by Pillow, and by a reader that holds every byte of the file against the standard."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from compass.observation.png import png


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def chunks(file: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file, every checksum of which holds, and nothing is left over."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(file):
        (length,) = struct.unpack_from(">I", file, at)
        kind, content = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", file, at + 8 + length)
        assert checksum == zlib.crc32(kind + content)
        found.append((kind, content))
        at += 12 + length
    assert at == len(file)
    return found


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 3), (256, 256), (301, 200)])
def test_every_byte_is_as_the_standard_says(width: int, height: int) -> None:
    image = noise(width, height)
    (first, header), (second, packed), (last, nothing) = chunks(png(image))
    assert (first, second, last, nothing) == (b"IHDR", b"IDAT", b"IEND", b"")
    assert struct.unpack(">IIBBBBB", header) == (width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB, not interlaced
    unpacker = zlib.decompressobj()
    lines = np.frombuffer(unpacker.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    assert unpacker.eof and unpacker.unused_data == b""
    assert not lines[:, 0].any()  # no line is filtered
    assert lines[:, 1:].tobytes() == image.tobytes()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 3), (512, 512)])
def test_pillow_reads_the_same_pixels(width: int, height: int) -> None:
    image = noise(width, height)
    file = png(image)
    Image.open(io.BytesIO(file)).verify()
    found = Image.open(io.BytesIO(file))
    assert (found.format, found.mode, found.size) == ("PNG", "RGB", (width, height))
    assert found.tobytes() == image.tobytes()
