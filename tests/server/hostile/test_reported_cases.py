"""Inputs modelled on public bug reports, each by name with its maker and its right answer: pixels of a reference reader, or a code."""

import html
import io
import struct
import tarfile
import time
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipelines.cpu.elements.frame import Pixels
from server.engines.fleet.fleet import Fleet
from server.images.exif import write_orientation
from server.images.inspection import inspect_image
from server.images.preparation import prepared_cost
from server.settings import Settings
from tests.attack.test_slow_images import bomb
from tests.factories.hostile_bodies import FORM, form
from tests.factories.odd_pictures import BMPS_16, CMYK, DAMAGED, JPEG, PNG, RESTARTED, RESTARTS, WEBP, WHOLE, transformed
from tests.factories.png_coder import GREY, header, png_file
from tests.factories.valid_bmps import BMPS_BY_PILLOW, RLE8, bmp_file
from tests.factories.valid_webps import EXIF_FLAG, chunk, container
from tests.level_model import level_png
from tests.pixel_model import SIDE_PX
from tests.server.hostile.readers import ENGINES, by_opencv, by_pillow, seen_by
from tests.server.process import ServerProcess
from tests.soak.image_seeds import png_chunk

Read = Callable[[bytes], Pixels]


def as_in(plain: bytes) -> Read:
    """The pixels of the picture without the oddity, where no library reads it with."""
    return lambda _: by_opencv(plain)


ANSWERED: dict[str, tuple[bytes, Read]] = {
    "adobe_3c_transform1": (WHOLE["jpeg, Adobe transform 1"], by_pillow),
    "adobe_3c_transform2": (WHOLE["jpeg, Adobe transform 2"], by_pillow),
    "adobe_3c_transform255": (WHOLE["jpeg, Adobe transform 255"], by_pillow),
    "adobe_4c_transform1": (transformed(CMYK, 1), by_opencv),
    "adobe_short": (WHOLE["jpeg, a short Adobe segment"], by_opencv),
    "jfif_and_adobe": (WHOLE["jpeg, JFIF and Adobe"], by_pillow),
    "jfif_thumbnail_bad_size": (WHOLE["jpeg, a thumbnail that is not there"], by_pillow),
    "extra_rst_and_bytes_before_eoi": (RESTARTED["restarts behind the last block"], by_pillow),
    "dri_but_no_rst": (WHOLE["jpeg, an interval of no restarts"], by_pillow),
    "dri_zero_then_rst": (RESTARTS, by_pillow),
    "mjpeg_without_dht": (WHOLE["jpeg, a webcam's frame, without tables"], by_pillow),
    "no_huffman_tables_mjpeg": (JPEG, by_pillow),
    "com_latin1": (WHOLE["jpeg, a comment in Latin-1"], by_pillow),
    "app13_photoshop": (WHOLE["jpeg, Photoshop's segment"], by_pillow),
    "app2_mpf_only": (WHOLE["jpeg, an index of pictures"], by_opencv),
    "icc_bad_seq": (WHOLE["jpeg, half a colour profile"], by_pillow),
    "png_one_extra_byte_after_zlib": (WHOLE["png, a byte behind the pixels"], by_pillow),
    "png_one_extra_row": (WHOLE["png, a row too many"], by_pillow),
    "png_zlib_window_small": (WHOLE["png, a zlib window that is told too small"], by_pillow),
    "png_iend_bad_crc": (WHOLE["png, an end with a wrong checksum"], by_pillow),
    "png_iend_nonempty": (WHOLE["png, an end with content"], by_pillow),
    "png_private_chunk_lower": (WHOLE["png, a private chunk"], by_pillow),
    "png_chunk_digit_name": (WHOLE["png, a chunk with a digit in its name"], by_pillow),
    "png_trns_before_plte": (WHOLE["png, transparency before a palette"], by_pillow),
    "png_big_text_sd": (WHOLE["png, nine megabytes of text"], as_in(PNG)),
    "png_cicp_hdr": (WHOLE["png, high dynamic range"], by_pillow),
    "png_srgb_iccp_both": (WHOLE["png, two colour profiles"], by_pillow),
    "webp_unknown_chunk": (WHOLE["webp, an unknown chunk"], by_pillow),
    "webp_odd_size_no_pad": (WEBP, by_pillow),
    "bmp_v4_rgba_masks": (BMPS_BY_PILLOW["32 bits, masks RGBX, header of 108"], by_pillow),
    "bmp_info_rgba_masks": (WHOLE["bmp, R first, Windows 3"], as_in(PNG)),
    "bmp_gimp_24_bitfields": (WHOLE["bmp, 24 bits with masks"], by_pillow),
    "bmp_alphabitfields6": (WHOLE["bmp, a mask of alpha"], as_in(PNG)),
    "bmp_v5_555_rgb": (BMPS_16["16 bits, V5"], by_opencv),
    "bmp_v5_555_bitfields": (BMPS_16["16 bits, masks, V5"], as_in(BMPS_16["16 bits, V5"])),
}
BOMB = bomb(7071)
"""1,900 bytes of arithmetic coding that would take seconds of a core."""
REFUSED = {
    "rst_wrong_number": (DAMAGED["jpeg, a restart with a wrong number: readers lose the rows between"], "422 undecodable_image"),
    "arith4": (BOMB, "413 image_too_large"),
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("engine", ENGINES)
def test_engines_see_the_pixels_of_the_reference(pixel_fleets: dict[str, Fleet], engine: str) -> None:
    for name, (data, read) in ANSWERED.items():
        wanted = cv2.resize(read(data), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_array_equal(seen_by(pixel_fleets[engine], data), wanted, name)


def test_the_server_answers_each(level_server: ServerProcess) -> None:
    replies = {name: level_server.client.post("/classify", content=data) for name, (data, _) in ANSWERED.items()}
    assert {name: reply.text for name, reply in replies.items() if reply.status_code != 200} == {}


@pytest.mark.parametrize("name", REFUSED)
def test_the_server_refuses(level_server: ServerProcess, name: str) -> None:
    data, told = REFUSED[name]
    reply = level_server.client.post("/classify", content=data)
    assert f"{reply.status_code} {reply.json()['code']}" == told


def test_a_batch_of_bombs_costs_what_its_headers_do(level_server: ServerProcess) -> None:
    began_s = time.monotonic()
    reply = level_server.client.post("/classify/batch", content=form([BOMB] * 32), headers={"Content-Type": FORM})
    assert [result["code"] for result in reply.json()["results"]] == ["image_too_large"] * 32
    assert time.monotonic() - began_s < 20  # decoded, they would take more than a minute


def turned_png(side_px: int) -> bytes:
    """A black PNG of 1 bit that EXIF turns."""
    rows = bytes((1 + (side_px + 7) // 8) * side_px)  # each with the filter 0
    head = header(np.broadcast_to(np.uint16(0), (side_px, side_px, 1)), GREY, 1)
    return png_file(head, zlib.compress(rows), png_chunk(b"eXIf", write_orientation(6)))


def turned_webp(width_px: int, height_px: int) -> bytes:
    """A black lossless WebP that EXIF turns."""
    plain = cv2.imencode(".webp", np.zeros((height_px, width_px, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width_px, height_px))
    head = chunk(b"VP8X", struct.pack("<I", EXIF_FLAG) + sides)
    return container(head, plain[12:], chunk(b"EXIF", write_orientation(6)))


def coded_bmp(side_px: int) -> bytes:
    """60 bytes that say a picture of run lengths, and end it at once."""
    return bmp_file(b"\0\1", 8, how=RLE8, table=bytes(4), told=1, shape=(side_px, side_px))


MOST_S = 1.5
"""Of a core, for one image of any kind."""
SMALL_AND_LARGE = {
    "png1_exif": (turned_png(700), turned_png(7071)),
    "webp_ll_exif": (turned_webp(900, 500), turned_webp(16383, 305)),
    "bmp_rle8": (coded_bmp(700), coded_bmp(7071)),
}


@pytest.mark.parametrize("name", SMALL_AND_LARGE)
def test_what_grows_is_priced_before_it_is_decoded(level_server: ServerProcess, name: str) -> None:
    small, large = SMALL_AND_LARGE[name]
    assert len(large) < 20_000
    limits = Settings()
    image = inspect_image(large, limits.max_image_pixels)
    decode_s, decoded_bytes = prepared_cost(image)
    pixels = image.width_px * image.height_px
    assert 1e-9 * pixels < decode_s < MOST_S
    assert 6 * pixels <= decoded_bytes <= limits.decode_budget_bytes
    reply = level_server.client.post("/classify", content=small)
    assert (reply.status_code, reply.json().get("predictions", [{}])[0].get("class_id")) == (200, 0)


def test_names_of_files_stay_text_on_the_report(level_server: ServerProcess) -> None:
    names = ("0/<img src=x onerror=alert(1)>.png", '0/"><script>alert(2)<_script>.png')
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in ((names[0], b"x"), (names[1], level_png(200))):  # one without an answer, one wrong
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    posted = level_server.client.post("/evaluate", files={"archive": ("<b>xss.tar", packed.getvalue())})
    assert posted.status_code == 202, posted.text
    location = posted.headers["location"]
    end_s = time.monotonic() + 60
    while level_server.client.get(location).json()["state"] not in ("finished", "failed") and time.monotonic() < end_s:
        time.sleep(0.05)
    page = level_server.client.get(f"{location}/report", headers={"Accept": "text/html"}).text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert '"><script>alert(2)' in html.unescape(page)
    for raw in ("<img src=x", "<script", "<b>xss"):
        assert raw not in page
    level_server.client.delete(location)
