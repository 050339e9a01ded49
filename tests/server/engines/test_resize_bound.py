"""A flat picture that the recipe would make long: refused from its header, before any engine."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import cv2
import numpy as np
import pytest

from models.manifest import Recipe
from models.store import StoredModel
from pipelines.render import PipelinePaths, render_pipeline
from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly
from server.engines.fleet.fleet import Fleet
from server.engines.resize_bound import ResizeBound, resize_of
from server.engines.work import InferenceRequest
from server.errors import ImageTooLarge
from server.images.inspection import inspect_image
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, ImageFormat
from tests.ascend_double.double import AscendDouble, store_om_model
from tests.level_model import SIDE_PX, store_level_model
from tests.made_model import change_model

MAX_PIXELS = 1_000_000
SHORT = Recipe(
    resize="short_side",
    resize_width_px=SIDE_PX,
    resize_height_px=SIDE_PX,
    crop_width_px=SIDE_PX,
    crop_height_px=SIDE_PX,
    mean=(0, 0, 0),
    std=(1, 1, 1),
)
BOUND = ResizeBound(SHORT.resized_px, MAX_PIXELS)
LONGEST = MAX_PIXELS // SIDE_PX**2  # of a picture one pixel high


def flat(width_px: int, height_px: int = 1) -> EncodedImage:
    return EncodedImage(b"", ImageFormat.PNG, width_px, height_px, decode_s=0.01, decoded_bytes=100)


def made(width_px: int, height_px: int = 1) -> EncodedImage:
    png = cv2.imencode(".png", np.full((height_px, width_px, 3), 88, np.uint8))[1].tobytes()
    return inspect_image(png, MAX_PIXELS)


def asked(width_px: int, height_px: int = 1) -> InferenceRequest:
    return InferenceRequest(flat(width_px, height_px), "1", 0.0, client="a")


def test_the_bound_is_the_limit_of_pixels() -> None:
    for allowed, refused in ((asked(LONGEST), asked(LONGEST + 1)), (asked(1, LONGEST), asked(1, LONGEST + 1))):
        priced = BOUND.priced(allowed)
        assert priced.image.decoded_bytes == 100 + 3 * SIDE_PX**2 * LONGEST
        assert priced.image.decode_s > 0.01
        assert (priced.id, priced.client) == ("1", "a")
        with pytest.raises(ImageTooLarge, match=f"= {SIDE_PX**2 * (LONGEST + 1)} after the model's resize, more than the {MAX_PIXELS}"):
            BOUND.priced(refused)


def test_a_picture_that_shrinks_or_is_stretched_costs_no_more() -> None:
    shrinks, stretched = asked(400, 300), asked(60_000)
    assert BOUND.priced(shrinks) is shrinks
    assert ResizeBound(SHORT.model_copy(update={"resize": "stretch"}).resized_px, MAX_PIXELS).priced(stretched) is stretched
    assert ResizeBound().priced(stretched) is stretched


def test_engines_that_reduce_a_jpeg_pay_less_for_it() -> None:
    image = EncodedImage(b"", ImageFormat.JPEG, 400, 300, decode_s=0.09, decoded_bytes=6 * 400 * 300, coding_s=0.01)
    request = InferenceRequest(image, "1", 0.0, client="a")
    priced = ResizeBound(SHORT.resized_px, MAX_PIXELS, reduces=True).priced(request)
    assert priced.image.decode_s == pytest.approx(0.01 + 0.08 / 8)
    assert priced.image.decoded_bytes == 6 * 50 * 38
    assert (priced.id, priced.client) == ("1", "a")
    assert BOUND.priced(request) is request


def test_a_pipeline_of_ones_own(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    paths = PipelinePaths("x.om", "x.cfg", "x.names")
    for recipe, resized in ((SHORT, (SIDE_PX * 60_000, SIDE_PX)), (model.manifest.recipe, (0, 0))):
        own = tmp_path / f"{recipe.resize}.pipeline"
        own.write_bytes(render_pipeline(model.manifest.model_copy(update={"recipe": recipe}), paths, ["classify0"], 0, []))
        assert resize_of(own)(60_000, 1) == resized


def on_a_cpu(engine: str) -> Callable[[Path], Fleet]:
    return lambda folder: assembled(store_level_model(folder), engine)


def on_the_double(folder: Path) -> Fleet:
    double = AscendDouble(folder / "python")
    return assembled(store_om_model(folder / "store"), "stream", runtime="ascend", devices="0", engine_python=double.python)


def assembled(model: StoredModel, engine: str, **more: object) -> Fleet:
    served = change_model(model, recipe=SHORT)
    settings = load_settings(**({"engines": engine, "runtime": "cpu", "max_image_pixels": MAX_PIXELS} | more))
    return EngineAssembly(settings, served, settings.runtime, ModelMetrics(Metrics(), "level")).fleet()  # type: ignore[arg-type]


compiled = pytest.mark.skipif(find_spec("mxclassify") is None, reason="the compiled engine is not built")


@pytest.mark.parametrize(
    "make",
    [pytest.param(on_a_cpu("stream"), id="stream"), pytest.param(on_a_cpu("mxbase"), id="mxbase", marks=compiled), on_the_double],
)
def test_no_engine_sees_it_and_none_is_blamed(make: Callable[[Path], Fleet], tmp_path: Path) -> None:
    fleet = make(tmp_path)
    fleet.start()
    try:
        for width_px, height_px in ((60_000, 1), (20_000, 2), (20_000, 2), (20_000, 2)):
            png = made(width_px, height_px)
            assert len(png.data) < 300
            with pytest.raises(ImageTooLarge):
                fleet.submit(InferenceRequest(png, "flat", monotonic() + 20))
        answer = fleet.submit(InferenceRequest(made(LONGEST), "long", monotonic() + 20)).result(20)
        assert answer.scores[0].class_id == 88 // 4
        assert [(engine.up, engine.restarts) for engine in fleet.statuses()] == [(True, 0)]
        assert len(fleet.in_flight) == 0
    finally:
        fleet.close(1)
