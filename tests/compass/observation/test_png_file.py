"""The PNG writer: what any reader reads back is what was drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from compass.observation.png_file import encode


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 3, 3), (64, 300, 3)])
def test_a_reader_gets_the_pixels_back(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    read = Image.open(io.BytesIO(encode(Image.fromarray(pixels))))
    read.verify()
    read = Image.open(io.BytesIO(encode(Image.fromarray(pixels))))
    assert (read.format, read.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(read), pixels)
