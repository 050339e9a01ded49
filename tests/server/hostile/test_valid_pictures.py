"""Pictures that are odd but valid: both engines decode them to the pixels of another reader, or refuse them for a reason in a list."""

import io
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import monotonic

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.classifier_config import ClassifierLimits
from pipelines.cpu.elements.frame import Pixels
from server.engines.fleet.fleet import Fleet
from server.engines.mxbase_engine import MxbaseEngine, share_decoder_warnings
from server.engines.plan import plan_classifier, plan_rendered
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest
from server.errors import ServiceError
from server.images.inspection import inspect_image
from tests.factories.valid_bmps import BMPS_BY_OPENCV, BMPS_BY_PILLOW, BMPS_REFUSED
from tests.factories.valid_jpegs import JPEGS_BY_OPENCV, JPEGS_BY_PILLOW, JPEGS_REFUSED
from tests.factories.valid_pngs import PNGS_BY_OPENCV, PNGS_BY_PILLOW, PNGS_REFUSED
from tests.factories.valid_webps import WEBPS_BY_PILLOW, WEBPS_REFUSED
from tests.pixel_model import SIDE_PX, pixels_seen, store_pixel_model

MAX_PIXELS = 1_000_000
ENGINES = ["stream", pytest.param("mxbase", marks=pytest.mark.skipif(find_spec("mxclassify") is None, reason="it is not built"))]


def by_pillow(data: bytes) -> Pixels:
    """BGR, upright, without alpha."""
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))[..., ::-1]


def by_opencv(data: bytes) -> Pixels:
    """BGR, upright, without alpha."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.uint8, copy=False)


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


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Fleet]]:
    model = store_pixel_model(tmp_path_factory.mktemp("store"))
    made = {"stream": Fleet.of(StreamEngine(lambda: plan_rendered(model, "cpu", "", 1, scores_streams=1), "cpu"))}
    if find_spec("mxclassify"):
        share_decoder_warnings()
        limits = ClassifierLimits(decoders=1, lanes=1, capacity=64)
        made["mxbase"] = Fleet.of(MxbaseEngine(lambda: plan_classifier(model, "cpu", "", limits), 8))
    for fleet in made.values():
        fleet.start()
    yield made
    for fleet in made.values():
        fleet.close(1)


def seen_by(fleet: Fleet, data: bytes) -> Pixels:
    """The pixels before the network; raises ServiceError when the picture is refused."""
    request = InferenceRequest(inspect_image(data, MAX_PIXELS), "valid", monotonic() + 20, scores="full")
    scores = fleet.submit(request).result(20).all_scores
    assert scores
    return pixels_seen(scores)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow tells of odd EXIF blocks, and shows the picture
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", PICTURES)
def test_an_engine_sees_what_another_reader_sees(fleets: dict[str, Fleet], engine: str, kind: str) -> None:
    pictures, read = PICTURES[kind]
    wrong = {}
    for name, data in pictures.items():
        wanted = cv2.resize(read(data), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
        try:
            difference = np.abs(seen_by(fleets[engine], data).astype(int) - wanted).max()
        except ServiceError as error:
            wrong[name] = f"{error.code}: {error}"
        else:
            if difference:
                wrong[name] = f"off by {difference}"
    assert wrong == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_one_has_its_code(fleets: dict[str, Fleet], engine: str, name: str) -> None:
    data, code, reason = REFUSED[name]
    with pytest.raises(ServiceError) as refusal:
        seen_by(fleets[engine], data)
    assert refusal.value.code == code, reason


def test_they_are_many_and_no_two_alike() -> None:
    every = [data for pictures, _ in PICTURES.values() for data in pictures.values()] + [data for data, _, _ in REFUSED.values()]
    assert len(every) >= 450
    assert len(set(every)) == len(every)
