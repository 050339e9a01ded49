"""Files that are not taken: which format their first bytes are, and the line that converts one of them."""

import struct
from collections.abc import Callable
from typing import NamedTuple

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis")
BASE64_BEGINNINGS = (b"/9j/", b"iVBORw0KGgo", b"UklGR")
"""Of a JPEG, a PNG and a WebP as base64: their first bytes do not change, so neither do these."""
_HEAD_BYTES = 1024
_TIFF = (b"II*\0", b"MM\0*")
_DNG_VERSION, _NEW_SUBFILE_TYPE, _SUB_IFDS = 50706, 254, 330
_MAX_ENTRIES = 512


class ForeignFormat(NamedTuple):
    """A format: what a person calls a file of it, and what converts one, as a line for a shell if there is one."""

    name: str
    is_it: Callable[[bytes], bool]
    remedy: str


def _pillow(ending: str, before: str = "") -> str:
    """A line that turns a picture upright and saves it as PNG, with Pillow."""
    saved = f"ImageOps.exif_transpose(Image.open('photo.{ending}')).convert('RGB').save('photo.png')"
    return f'python -c "from PIL import Image, ImageOps; {before}{saved}"'


def _begins(*signatures: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures, at)


def _has_brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda data: data[4:8] == b"ftyp" and data[8:12] in brands


def _is_svg(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in data[:_HEAD_BYTES].lower()


def _is_markup(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _is_netpbm(data: bytes) -> bool:
    return data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in (b"\n", b"\r", b" ", b"\t")


def _has_picture_inside(data: bytes) -> bool:
    return any(beginning in data[1:_HEAD_BYTES] for beginning in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def is_camera_raw(data: bytes) -> bool:
    """Whether a TIFF is a camera's raw file (DNG, NEF, CR2, ARW …): its first picture is only a preview."""
    if data[8:10] == b"CR":
        return True
    order = "<" if data.startswith(b"II") else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        entries = [struct.unpack_from(f"{order}HHIH", data, start + 2 + 12 * number) for number in range(min(count, _MAX_ENTRIES))]
    except struct.error:
        return False
    values = {tag: value for tag, _, _, value in entries}
    return _DNG_VERSION in values or (_SUB_IFDS in values and values.get(_NEW_SUBFILE_TYPE) == 1)


_DEVELOPED = "Image.fromarray(rawpy.imread('photo.raw').postprocess()).save('photo.png')"
_RAWPY = f'python -m pip install rawpy && python -c "import rawpy; from PIL import Image; {_DEVELOPED}"'
_HEIF = f"python -m pip install pillow-heif && {_pillow('heic', 'import pillow_heif; pillow_heif.register_heif_opener(); ')}"
_TAKEN = "A server with the extra heif (pip install pillow-heif beside it) takes it as it is. Else convert it"

HEIF_FORMATS = (
    ForeignFormat("an AVIF", _has_brand(*AVIF_BRANDS), f"{_TAKEN}: {_pillow('avif')}"),
    ForeignFormat("a HEIC", _has_brand(*HEIF_BRANDS), f"{_TAKEN}: {_HEIF}"),
)
"""Those that are taken if the extra `heif` is installed."""

FOREIGN_FORMATS = (
    ForeignFormat("a GIF", _begins(b"GIF8"), f"Convert its first picture: {_pillow('gif')}"),
    ForeignFormat("a camera's raw file", lambda data: data.startswith(_TIFF) and is_camera_raw(data), f"Develop it: {_RAWPY}"),
    ForeignFormat("a camera's raw file", _begins(b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"), f"Develop it: {_RAWPY}"),
    ForeignFormat("a camera's raw file", _has_brand(b"crx "), f"Develop it: {_RAWPY}"),
    ForeignFormat("a TIFF", _begins(*_TIFF), f"Convert it: {_pillow('tif')}"),
    *HEIF_FORMATS,
    ForeignFormat(
        "a film",
        lambda data: data[4:8] == b"ftyp" or data.startswith(b"\x1a\x45\xdf\xa3"),
        "Take a picture out of it: ffmpeg -i film.mp4 -frames:v 1 photo.png",
    ),
    ForeignFormat("a PDF", _begins(b"%PDF"), "Draw its first page: pdftoppm -r 150 -png -singlefile photo.pdf photo"),
    ForeignFormat("an SVG", _is_svg, "Draw it: rsvg-convert photo.svg -o photo.png"),
    ForeignFormat("HTML or XML", _is_markup, "Send the picture, and not the page that shows it."),
    ForeignFormat("a JPEG XL", _begins(b"\xff\x0a", b"\0\0\0\x0cJXL "), "Convert it: djxl photo.jxl photo.png"),
    ForeignFormat("a JPEG 2000", _begins(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), f"Convert it: {_pillow('jp2')}"),
    ForeignFormat("a Photoshop file", _begins(b"8BPS"), f"Convert it: {_pillow('psd')}"),
    ForeignFormat("an icon", _begins(b"\0\0\1\0"), f"Convert it: {_pillow('ico')}"),
    ForeignFormat("a PPM, PGM or PBM", _is_netpbm, f"Convert it: {_pillow('ppm')}"),
    ForeignFormat("an archive", _begins(b"PK\3\4", b"7z\xbc\xaf\x27\x1c", b"Rar!"), "Unpack it, and send its pictures."),
    ForeignFormat("a gzip file", _begins(b"\x1f\x8b"), "Unpack it, or tell it in the header: Content-Encoding: gzip"),
    ForeignFormat("base64 text", _begins(*BASE64_BEGINNINGS), "Decode it: base64 -d photo.b64 > photo.png"),
    ForeignFormat("a pointer of Git LFS", _begins(b"version https://git-lfs"), "Fetch the file that it stands for: git lfs pull"),
    ForeignFormat("a side file of macOS", _begins(b"\0\5\x16\7"), "Send the file of the same name without ._ before it."),
    ForeignFormat("other bytes before a picture", _has_picture_inside, "Send the picture alone, and correct what puts them before it."),
)


def foreign_format(data: bytes) -> ForeignFormat | None:
    """The format of bytes that are not taken; None if it is not known."""
    return next((each for each in FOREIGN_FORMATS if each.is_it(data)), None)
