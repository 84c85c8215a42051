"""Every transfer syntax is decoded to the right values, and damage is found rather than filled up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from medseg.io.dicom import codecs
from medseg.io.dicom.codecs import decode, missing_decoder
from medseg.io.dicom.encapsulation import DamagedPixelsError, code_streams
from medseg.io.dicom.header import read_headers
from medseg.io.dicom.walk import NATIVE_SYNTAXES, UNDEFINED_LENGTH, PixelElement

LOSSLESS = ("1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90", "1.2.5")
TWELVE_BITS = ("1.2.4.51", "1.2.4.53", "1.2.4.55")
SIZE = (512, 512)


@pytest.fixture(scope="module")
def ct_image(real_data):
    """The header and code stream of one CT image, by the end of its transfer syntax's UID."""

    def load(syntax):
        path = next((real_data / "codecs").glob(f"CTImage.dcm_*_1.2.840.10008.{syntax}.dcm"))
        (header,) = read_headers(path)
        content = memoryview(path.read_bytes())
        return header, b"".join(code_streams(content, header.pixels, 1)[0])

    return load


@pytest.fixture(scope="module")
def original(real_data):
    """Its values as they were before any compression."""
    path = real_data / "codecs" / "CTImage.dcm"
    (header,) = read_headers(path)
    return np.fromfile(path, "<i2", offset=header.pixels.offset, count=512 * 512).reshape(SIZE)


def decoded(stream, header, size=SIZE):
    return decode([memoryview(stream)], size, header)


def as_signed(values):
    return values if values.dtype.kind == "i" else values.view(f"i{values.itemsize}")


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_syntaxes_give_the_original(ct_image, original, syntax):
    header, stream = ct_image(syntax)
    np.testing.assert_array_equal(as_signed(decoded(stream, header)), original)


@pytest.mark.parametrize(("syntax", "error"), [("1.2.4.81", 1), ("1.2.4.91", 5)])
def test_near_lossless_syntaxes_stay_near_the_original(ct_image, original, syntax, error):
    header, stream = ct_image(syntax)
    off = as_signed(decoded(stream, header)).astype(int) - original
    assert 0 < np.abs(off).max() <= error


@pytest.mark.parametrize("syntax", TWELVE_BITS)
def test_jpeg_of_twelve_bits_is_near_the_original(ct_image, original, syntax):
    """The image was squeezed into twelve bits by its own slope and intercept first."""
    header, stream = ct_image(syntax)
    real = decoded(stream, header) * header.rescale.slope + header.rescale.intercept
    off = real - (original - 1024.0)
    assert np.abs(off).mean() < 5
    assert np.corrcoef(real.ravel(), original.ravel())[0, 1] > 0.9999


@pytest.mark.parametrize("syntax", ["1.2.4.201", "1.2.4.202"])
def test_htj2k_gives_the_original(ct_image, original, syntax):
    header = replace(ct_image("1.2.4.90")[0], transfer_syntax_uid=f"1.2.840.10008.{syntax}")
    stream = imagecodecs.htj2k_encode(original, reversible=True)
    np.testing.assert_array_equal(decoded(stream, header), original)


@pytest.mark.parametrize("syntax", [*LOSSLESS, *TWELVE_BITS, "1.2.4.50", "1.2.4.81", "1.2.4.91"])
@pytest.mark.parametrize("keep", [0.0, 0.001, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_code_stream_that_is_cut_off_is_damaged(ct_image, syntax, keep, end):
    """With an end marker behind, as a careless repair would leave it, libjpeg would fill it up."""
    header, stream = ct_image(syntax)
    with pytest.raises(DamagedPixelsError):
        decoded(stream[: int(len(stream) * keep)] + end, header)


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_htj2k_that_is_cut_off_is_damaged(ct_image, original, end):
    header = replace(ct_image("1.2.4.90")[0], transfer_syntax_uid="1.2.840.10008.1.2.4.201")
    stream = imagecodecs.htj2k_encode(original, reversible=True)
    for keep in (0.3, 0.9, 0.999):
        with pytest.raises(DamagedPixelsError):
            decoded(stream[: int(len(stream) * keep)] + end, header)


@pytest.mark.parametrize("syntax", ["1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90", "1.2.5"])
def test_a_code_stream_with_a_hole_is_damaged(ct_image, syntax):
    header, stream = ct_image(syntax)
    middle = len(stream) // 2
    with pytest.raises(DamagedPixelsError):
        decoded(stream[:middle] + stream[middle + 1000 :], header)


@pytest.mark.parametrize("syntax", [*LOSSLESS, *TWELVE_BITS])
def test_bytes_changed_at_random_never_crash_a_decoder(ct_image, syntax):
    """An offset in the header of RLE once did."""
    header, stream = ct_image(syntax)
    random = np.random.default_rng(11)
    for place in random.integers(0, min(400, len(stream)), 12):
        spoilt = bytearray(stream)
        spoilt[place] ^= 1 << random.integers(8)
        with suppress(DamagedPixelsError):
            assert decoded(spoilt, header).shape == SIZE


@pytest.mark.parametrize("syntax", [*LOSSLESS, *TWELVE_BITS])
def test_an_image_of_another_size_is_damaged(ct_image, syntax):
    header, stream = ct_image(syntax)
    with pytest.raises(DamagedPixelsError):
        decoded(stream, header, (256, 512))


@pytest.mark.parametrize("every", [1, 7])
def test_jpeg_with_restart_markers_is_whole(ct_image, every):
    header, _ = ct_image("1.2.4.50")
    values = (np.add.outer(np.arange(512), np.arange(512)) % 251).astype(np.uint8)
    stored = BytesIO()
    Image.fromarray(values).save(stored, "JPEG", quality=95, restart_marker_blocks=every)
    stream = stored.getvalue()
    np.testing.assert_array_equal(decoded(stream, header), imagecodecs.jpeg8_decode(stream))
    with pytest.raises(DamagedPixelsError):
        decoded(stream[: len(stream) // 2] + b"\xff\xd9", header)


def test_what_can_be_decoded_is_said_without_decoding(ct_image, monkeypatch):
    header, _ = ct_image("1.2.4.90")
    for syntax in NATIVE_SYNTAXES:
        assert missing_decoder(replace(header, transfer_syntax_uid=syntax)) == ""
    assert missing_decoder(header) == ""
    assert "MPEG2" in missing_decoder(replace(header, transfer_syntax_uid="1.2.840.10008.1.2.4.100"))
    assert "unnamed" in missing_decoder(replace(header, transfer_syntax_uid=""))
    monkeypatch.setattr(codecs, "_PACKAGE", "not_installed_here")
    missing = missing_decoder(header)
    assert "JPEG 2000" in missing
    assert "not_installed_here" in missing


def wrapped(*items, is_open=True):
    """Items of pixel data, and where they are: behind ten bytes of something else."""
    value = b"".join(b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item for item in items)
    value += b"\xfe\xff\xdd\xe0\0\0\0\0" if is_open else b""
    length = UNDEFINED_LENGTH if is_open else len(value)
    return memoryview(b"0123456789" + value), PixelElement(0x7FE00010, 10, length, len(value))


def streams(*items, frames, **options):
    content, pixels = wrapped(*items, **options)
    return [b"".join(fragments) for fragments in code_streams(content, pixels, frames)]


SOI, SOC = b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51"
FRAGMENTS = [SOI + b"one ", b"more", SOI + b"two ", b"then", b"last"]
OFFSETS = np.array([0, 28], "<u4").tobytes()  # two items of 8 and 4 bytes with headers of 8


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("table", [b"", OFFSETS])
def test_fragments_are_shared_out_among_frames(table, is_open):
    found = streams(table, *FRAGMENTS, frames=2, is_open=is_open)
    assert found == [SOI + b"one more", SOI + b"two thenlast"]


def test_one_frame_takes_all_fragments_and_as_many_frames_one_each():
    assert streams(b"", *FRAGMENTS, frames=1) == [b"".join(FRAGMENTS)]
    assert streams(b"", *FRAGMENTS, frames=5) == FRAGMENTS
    assert streams(b"", SOC + b"a", b"b", SOC + b"c", frames=2) == [SOC + b"ab", SOC + b"c"]


@pytest.mark.parametrize(
    ("items", "frames"),
    [
        ((), 1),  # not even a table
        ((b"",), 1),
        ((b"abc", *FRAGMENTS), 1),
        ((b"", *FRAGMENTS), 3),
        ((b"", *FRAGMENTS), 6),
        ((b"", *FRAGMENTS[1:]), 2),
        ((np.array([0, 27], "<u4").tobytes(), *FRAGMENTS), 2),
        ((np.array([28, 0], "<u4").tobytes(), *FRAGMENTS), 2),
        ((np.array([12, 28], "<u4").tobytes(), *FRAGMENTS), 2),
    ],
)
def test_fragments_that_fit_no_frames_are_damage(items, frames):
    with pytest.raises(DamagedPixelsError):
        streams(*items, frames=frames)


def test_fragments_that_are_cut_off_anywhere_are_damage():
    content, pixels = wrapped(b"", *FRAGMENTS)
    for end in range(pixels.offset, len(content)):
        cut = content[:end]
        # The last item is the delimiter, whose length nobody needs.
        with pytest.raises(DamagedPixelsError):
            code_streams(cut, pixels, 2)
