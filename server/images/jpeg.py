"""JPEG (ITU-T T.81): checks the markers from SOI to EOI, without decoding the data between them."""

import struct
from dataclasses import dataclass, field

from server.errors import UndecodableImage, UnsupportedImage
from server.images.decode_cost import (
    BGR_BYTES,
    COEFFICIENT_BLOCK_BYTES,
    JPEG_ARITHMETIC_VISIT_S,
    JPEG_BLOCK_S,
    JPEG_BYTE_S,
    JPEG_KEPT_BYTE_S,
    JPEG_PIXEL_S,
    JPEG_REFINING_VISIT_S,
    JPEG_SMOOTHED_BLOCK_S,
    JPEG_VISIT_S,
    PEAK_BYTES,
    TURN_PIXEL_S,
    require_affordable,
)
from server.images.excision import without
from server.images.exif import read_orientation, write_orientation
from server.images.jpeg_scan import find_restart, find_scan_end
from server.images.refusal import damaged, require_bytes, require_size, unsupported
from server.types import EncodedImage, ImageFormat

# T.81 table B.1. libjpeg-turbo, which every OpenCV uses, decodes the first set. The others need another decoder,
# or (lossless, 12 bits) only some of its versions decode them.
_SOF_DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended, progressive; the last two with arithmetic coding
_SOF_OTHER = {0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical", 0xCB: "lossless"}
_SOF_OTHER |= {0xCD: "hierarchical", 0xCE: "hierarchical", 0xCF: "hierarchical", 0xDE: "hierarchical", 0xF7: "JPEG-LS"}
_PROGRESSIVE, _ARITHMETIC = {0xC2, 0xCA}, {0xC9, 0xCA}
_DRI, _SOS, _EOI, _APP0, _APP1, _APP14 = 0xDD, 0xDA, 0xD9, 0xE0, 0xE1, 0xEE
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}  # TEM, RSTn, SOI, EOI
_IDLE = {0x01, *range(0xD0, 0xD8)}  # TEM, RSTn: between segments decoders pass over them
_PASSED_OVER = {0xC4, 0xCC, 0xDB, 0xDC, 0xFE, *range(0xE0, 0xF0)}  # DHT, DAC, DQT, DNL, COM, APPn

# Fields with only one valid value in their context. Decoders use that value and only warn of another (photos of Samsung
# phones have others): first and last coefficient and bit of a sequential scan, JFIF's major version.
_SEQUENTIAL_SCAN, _JFIF_MAJOR = b"\0\x3f\0", b"\1"
# The colour transforms of an Adobe segment that decoders know, by the number of components; the last is the one they take for any other.
_TRANSFORMS = {3: b"\0\1", 4: b"\0\2"}

# Far more than the segments of a camera's file, and places with fill bytes or others; a walk over more would cost more than the picture.
_MAX_SEGMENTS, _MAX_ODD_PLACES = 1024, 128
_SMOOTHNESS = 0b1111111110  # the coefficients 1 to 9
# Encoders write about ten scans. Every scan costs a pass over the whole picture, so a small file could take hours.
_MAX_SCANS = 100


def inspect_jpeg(data: bytes, max_pixels: int) -> EncodedImage:
    """Check an 8-bit JPEG with 1, 3 or 4 components, complete to EOI; raises UnsupportedImage, ImageTooLarge, UndecodableImage.

    OpenCV 4 uses EXIF only from the first APP1 segment, OpenCV 5 from any of them. So one segment with only the orientation
    replaces the APP1 segments, if they have an orientation. Values that a decoder would only warn of are corrected, and bytes that it
    would pass over with a warning are cut out, because this project takes a decoder's warning for damage.
    """
    walk = _Walk(data, max_pixels)
    end = walk.to_eoi()
    orientation = walk.orientation or 1
    bare = without(walk.corrected(), walk.cuts, end)
    pixels = walk.width_px * walk.height_px
    decoded_bytes = max(pixels * BGR_BYTES + walk.coefficient_bytes, pixels * PEAK_BYTES)
    decode_s, coding_s = walk.decode_s(end), walk.coding_s(end)
    if orientation > 1:
        decode_s += TURN_PIXEL_S * pixels
        exif = b"Exif\0\0" + write_orientation(orientation)
        bare = b"".join((bare[:2], struct.pack(">BBH", 0xFF, _APP1, 2 + len(exif)), exif, memoryview(bare)[2:]))
    return EncodedImage(
        bare, ImageFormat.JPEG, walk.width_px, walk.height_px, orientation, decode_s, decoded_bytes, coding_s, walk.coefficient_bytes
    )


@dataclass(slots=True)
class _Walk:
    """Walks from SOI to EOI and collects the facts."""

    data: bytes
    max_pixels: int
    width_px: int = 0
    height_px: int = 0
    numbers: bytes = b""  # of the components; some encoders give several the same one
    blocks: list[int] = field(default_factory=list)  # of each component: 8x8 samples
    sequential: bool = True
    mcus: int = 0  # of a scan of several components
    restart_mcus: int = 0  # between two restarts; 0 if there are none
    adobe: int | None = None  # the place of the colour transform
    arithmetic: bool = False
    scans: int = 0
    visits: int = 0  # blocks of all scans
    scans_s: float = 0.0  # of the visits, and of smoothing
    exact: dict[int, int] = field(default_factory=dict)  # a bit for each coefficient, by the component's place
    scanned: set[int] = field(default_factory=set)
    cuts: list[tuple[int, int]] = field(default_factory=list)
    odd_places: int = 0
    orientation: int | None = None
    corrections: list[tuple[int, bytes]] = field(default_factory=list)

    def to_eoi(self) -> int:
        """Walk over all segments; returns the end of EOI."""
        at = 2
        for _ in range(_MAX_SEGMENTS):
            start, marker, end = self._segment(at)
            if marker == _EOI:
                if not self.scans or len(self.scanned) < len(self.blocks):
                    raise damaged("The JPEG ends before every component was coded", start)
                if self._is_smoothed():
                    self._charge(JPEG_SMOOTHED_BLOCK_S * sum(self.blocks))
                return end
            at = self._scan(start, end) if marker == _SOS else self._header(marker, start, end)
        raise damaged(f"The JPEG has more than {_MAX_SEGMENTS} segments; the last", at)

    def corrected(self) -> bytes:
        """The data with corrected values; the same object if all are right."""
        if not self.corrections:
            return self.data
        data = bytearray(self.data)
        for at, value in self.corrections:
            data[at : at + len(value)] = value
        return bytes(data)

    def _correct(self, at: int, value: bytes) -> None:
        if not self.data.startswith(value, at):
            self.corrections.append((at, value))

    def _segment(self, at: int) -> tuple[int, int, int]:
        """The next segment from `at` on: its start, its marker, and its end. What stands before it is cut out, as decoders pass over it."""
        require_bytes(self.data, at, at + 2, "A JPEG marker")
        start = at
        if self.data[at] != 0xFF or self.data[at + 1] in {0, 0xFF}:
            found = find_scan_end(self.data, at, restarts=False)
            if found is None:
                raise damaged(f"A byte {self.data[at]:02X} instead of a JPEG marker, and none after it,", at)
            self.cuts.append((at, found))
            self.odd_places += 1
            if self.odd_places > _MAX_ODD_PLACES:
                raise damaged(f"The JPEG has bytes before more than {_MAX_ODD_PLACES} of its markers; the last", found)
            start = found
        marker = self.data[start + 1]
        if marker in _WITHOUT_LENGTH:
            return start, marker, start + 2
        end = start + 2 + int.from_bytes(self.data[start + 2 : start + 4])
        if not start + 4 <= end <= len(self.data):
            require_bytes(self.data, start, start + 4, f"The JPEG segment FF{marker:02X}")
            require_bytes(self.data, start, end, f"The JPEG segment FF{marker:02X}")
            raise damaged(f"An impossible length of the JPEG segment FF{marker:02X}", start)
        return start, marker, end

    def _header(self, marker: int, start: int, end: int) -> int:
        """Read a segment other than SOS and EOI; returns `end`."""
        if marker in _SOF_DECODED:
            self._frame(start, end)
        elif marker == _DRI:
            if end - start != 6:
                raise damaged("A JPEG restart interval of the wrong length", start)
            self.restart_mcus = int.from_bytes(self.data[start + 4 : end])
        elif marker in _IDLE:
            self.cuts.append((start, end))
        elif marker == _APP0 and end - start >= 4 + 14 and self.data.startswith(b"JFIF\0", start + 4):
            self._correct(start + 9, _JFIF_MAJOR)
        elif marker == _APP1 and not self.scans:
            self.cuts.append((start, end))
            if self.orientation is None and self.data.startswith(b"Exif\0", start + 4):
                self.orientation = read_orientation(self.data[start + 4 : end])
        elif marker == _APP14 and end - start >= 4 + 12 and self.data.startswith(b"Adobe", start + 4):
            self.adobe = start + 4 + 11
        elif marker not in _PASSED_OVER:
            raise _refusal(marker, start)
        return end

    def _frame(self, start: int, end: int) -> None:
        """Take in a frame header (SOF)."""
        if self.blocks:
            raise damaged("A second JPEG frame header", start)
        length = end - start
        if length < 10 or length != 10 + 3 * self.data[start + 9]:
            raise damaged("A JPEG frame header of the wrong length", start)
        bits, self.height_px, self.width_px, components = struct.unpack_from(">BHHB", self.data, start + 4)
        if not self.height_px and self.width_px:
            raise unsupported(f"A JPEG that tells its height only behind its first scan (height 0 at byte {start + 5}) is not supported")
        require_size(self.width_px, self.height_px, self.max_pixels, start)
        if bits != 8 or components not in {1, 3, 4}:
            raise unsupported(f"A JPEG with {bits} bits a sample and {components} components is not supported")
        marker = self.data[start + 1]
        self.sequential, self.arithmetic = marker not in _PROGRESSIVE, marker in _ARITHMETIC
        factors = [(sampling >> 4, sampling & 15) for sampling in self.data[start + 11 : end : 3]]
        if not all(1 <= factor <= 4 for pair in factors for factor in pair):
            raise damaged("Impossible sampling factors of a JPEG", start)
        most_across, most_down = (max(each) for each in zip(*factors, strict=True))
        self.mcus = -(-self.width_px // (8 * most_across)) * -(-self.height_px // (8 * most_down))
        self.numbers = self.data[start + 10 : end : 3]
        for across, down in factors:
            blocks_across = -(-self.width_px * across // (8 * most_across))
            self.blocks.append(blocks_across * -(-self.height_px * down // (8 * most_down)))

    def _scan(self, start: int, end: int) -> int:
        """Read a scan, from its header (SOS) to its last byte; returns the position of the next marker."""
        head = self.data[start + 4 : end - 3]
        if not head or len(head) != 1 + 2 * head[0] or (components := self._places(head[1::2])) is None:
            raise damaged("A JPEG scan header that does not fit the frame", start)
        if self.sequential:
            self._correct(end - 3, _SEQUENTIAL_SCAN)
        self.scanned.update(components)
        self.scans += 1
        if self.scans > _MAX_SCANS:
            raise damaged(f"The JPEG has more than {_MAX_SCANS} scans; the last", start)
        self._correct_transform()
        scan_end = find_scan_end(self.data, end, restarts=bool(self.restart_mcus))
        if scan_end is None:
            raise damaged(f"The JPEG scan from byte {end} has no end, and the image stops", len(self.data))
        if scan_end == end:
            raise damaged("A JPEG scan without data", end)
        self._count(components, start, end, scan_end)
        if self.restart_mcus:
            mcus = self.mcus if len(components) > 1 else self.blocks[components[0]]
            surplus = find_restart(self.data, end, scan_end, -(-mcus // self.restart_mcus) - 1)
            if surplus is not None:  # a restart behind the last block, and what follows it
                self.cuts.append((surplus, scan_end))
        return scan_end

    def _places(self, numbers: bytes) -> list[int] | None:
        """The components that a scan names, or None: for a number that several have the first one, as decoders take it."""
        places: list[int] = []
        for number in numbers:
            place = next((place for place, each in enumerate(self.numbers) if each == number and place not in places), None)
            if place is None:
                return None
            places.append(place)
        return places

    def _correct_transform(self) -> None:
        known = _TRANSFORMS.get(len(self.blocks))
        if self.adobe is not None and known and self.data[self.adobe] not in known:
            self._correct(self.adobe, known[-1:])
        self.adobe = None

    def _count(self, components: list[int], start: int, end: int, scan_end: int) -> None:
        """Add a scan's cost. Each of its blocks takes bits, unless the coding can leave blocks out."""
        blocks = sum(self.blocks[component] for component in components)
        least_bits = 0 if self.arithmetic or self.data[end - 3] else 1 + self.sequential
        if 8 * (scan_end - end) < least_bits * blocks:
            raise damaged(f"A JPEG scan of {scan_end - end} bytes, which are too few for its {blocks} blocks,", start)
        self.visits += blocks
        first, last, precision = self.data[end - 3 : end]
        if not precision & 15:  # no bit is left for a later scan
            for component in components:
                self.exact[component] = self.exact.get(component, 0) | (2 << last) - (1 << first)
        self._charge(blocks * self._visit_s(refines=bool(first and precision >> 4)))

    def _charge(self, scans_s: float) -> None:
        self.scans_s += scans_s
        require_affordable(self.scans_s, f"its {self.scans} scans have {self.visits} blocks")

    def _is_smoothed(self) -> bool:
        """Whether a decoder guesses the coefficients that decide how smooth a picture is, as no scan gives them to the last bit."""
        known = (self.exact.get(component, 0) & _SMOOTHNESS == _SMOOTHNESS for component in range(len(self.blocks)))
        return not (self.sequential or all(known))

    def _visit_s(self, *, refines: bool) -> float:
        if self.arithmetic:
            return JPEG_ARITHMETIC_VISIT_S
        return JPEG_REFINING_VISIT_S if refines else JPEG_VISIT_S

    def decode_s(self, coded_bytes: int) -> float:
        """An estimate, once all scans were seen."""
        return JPEG_PIXEL_S * self.width_px * self.height_px + JPEG_BLOCK_S * sum(self.blocks) + self.coding_s(coded_bytes)

    def coding_s(self, coded_bytes: int) -> float:
        """Its part that is the same at any reduction."""
        return self.scans_s + (JPEG_KEPT_BYTE_S if self.keeps_coefficients else JPEG_BYTE_S) * coded_bytes

    @property
    def keeps_coefficients(self) -> bool:
        """Whether a decoder keeps those of the whole picture, as it comes in several scans."""
        return self.scans > 1 or not self.sequential

    @property
    def coefficient_bytes(self) -> int:
        """What it keeps then."""
        return COEFFICIENT_BLOCK_BYTES * sum(self.blocks) if self.keeps_coefficients else 0


def _refusal(marker: int, start: int) -> UnsupportedImage | UndecodableImage:
    if coding := _SOF_OTHER.get(marker):
        return unsupported(f"A {coding} JPEG (marker FF{marker:02X} at byte {start}) is not supported")
    return damaged(f"A JPEG marker FF{marker:02X} out of place", start)
