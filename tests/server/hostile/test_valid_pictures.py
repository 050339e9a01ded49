"""Pictures that are odd but valid: both engines decode them to the pixels of another reader, or refuse them for a reason in a list."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipelines.cpu.elements.frame import Pixels
from server.engines.fleet.fleet import Fleet
from server.errors import ServiceError
from tests.factories.valid_bmps import BMPS_BY_OPENCV, BMPS_BY_PILLOW, BMPS_REFUSED
from tests.factories.valid_jpegs import JPEGS_BY_OPENCV, JPEGS_BY_PILLOW, JPEGS_REFUSED
from tests.factories.valid_pngs import PNGS_BY_OPENCV, PNGS_BY_PILLOW, PNGS_REFUSED
from tests.factories.valid_webps import WEBPS_BY_PILLOW, WEBPS_REFUSED
from tests.pixel_model import SIDE_PX
from tests.server.hostile.readers import ENGINES, by_opencv, by_pillow, seen_by

Read = Callable[[bytes], Pixels]
PICTURES: dict[str, tuple[dict[str, bytes], Read]] = {
    "jpeg": (JPEGS_BY_PILLOW, by_pillow),
    "jpeg by opencv": (JPEGS_BY_OPENCV, by_opencv),
    "png": (PNGS_BY_PILLOW, by_pillow),
    "png by opencv": (PNGS_BY_OPENCV, by_opencv),
    "webp": (WEBPS_BY_PILLOW, by_pillow),
    "bmp": (BMPS_BY_PILLOW, by_pillow),
    "bmp by opencv": (BMPS_BY_OPENCV, by_opencv),
}
REFUSED = {
    f"{kind}, {name}": case
    for kind, cases in (("jpeg", JPEGS_REFUSED), ("png", PNGS_REFUSED), ("webp", WEBPS_REFUSED), ("bmp", BMPS_REFUSED))
    for name, case in cases.items()
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow tells of odd EXIF blocks, and shows the picture
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", PICTURES)
def test_an_engine_sees_what_another_reader_sees(pixel_fleets: dict[str, Fleet], engine: str, kind: str) -> None:
    pictures, read = PICTURES[kind]
    wrong = {}
    for name, data in pictures.items():
        wanted = cv2.resize(read(data), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
        try:
            difference = np.abs(seen_by(pixel_fleets[engine], data).astype(int) - wanted).max()
        except ServiceError as error:
            wrong[name] = f"{error.code}: {error}"
        else:
            if difference:
                wrong[name] = f"off by {difference}"
    assert wrong == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_one_has_its_code(pixel_fleets: dict[str, Fleet], engine: str, name: str) -> None:
    data, code, reason = REFUSED[name]
    with pytest.raises(ServiceError) as refusal:
        seen_by(pixel_fleets[engine], data)
    assert refusal.value.code == code, reason


def test_they_are_many_and_no_two_alike() -> None:
    every = [data for pictures, _ in PICTURES.values() for data in pictures.values()] + [data for data, _, _ in REFUSED.values()]
    assert len(every) >= 450
    assert len(set(every)) == len(every)
