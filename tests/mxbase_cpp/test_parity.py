"""The compiled classifier and the stream engine give the same answers, and refuse the same images.

What takes long sees a part of the images here, and all of them in `make soak`.
"""

import io
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import mxclassify
import numpy as np
import pytest
from PIL import Image

from convert.artifact import convert_cpu
from convert.prepare import prepare
from models.manifest import Recipe
from models.store import ModelStore, StoredModel
from pipelines.cpu.decoder_warnings import listen_through
from pipelines.cpu.runtime_options import CpuOptions
from pipelines.reduction import Decode
from server.engines.fleet.fleet import Fleet
from server.engines.plan import plan_rendered
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest
from server.errors import ServiceError, UndecodableImage
from server.images.inspection import inspect_image
from server.images.preparation import prepared
from server.types import EncodedImage, ImageFormat
from tests.level_model import REDUCED_CLASS, SIDE_PX, comb, level_class, store_level_model
from tests.made_model import change_model
from tests.mxbase_cpp.conftest import Running, classifying
from tests.part_or_all import part_or_all
from tests.server.images.test_upright import UPRIGHT, png, webp
from tests.soak.image_mutations import mutate
from tests.soak.image_seeds import EXIF, SEEDS

LOG = logging.getLogger(__name__)
Scores = list[tuple[int, float]]

KINDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("JPEG", "RGB", {"subsampling": number, "quality": 90}) for number in range(3)),
    *(("JPEG", "RGB", {"quality": quality}) for quality in (25, 75, 100)),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "RGB", {"optimize": True, "restart_marker_blocks": 3}),
    ("JPEG", "RGB", {"exif": EXIF}),
    ("JPEG", "L", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "L", {}),
    ("PNG", "LA", {}),
    ("PNG", "P", {}),
    ("PNG", "1", {}),
    ("WEBP", "RGB", {"quality": 80}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"quality": 50}),
    ("BMP", "RGB", {}),
    ("BMP", "L", {}),
    ("BMP", "1", {}),
)
SIZES_PX: tuple[tuple[int, int], ...] = (
    *((1, 1), (2, 3), (7, 500), (16, 16), (31, 33), (64, 48), (97, 61), (100, 100), (127, 255), (200, 150), (223, 225)),
    *((224, 224), (225, 223), (256, 256), (320, 240), (333, 500), (500, 375), (512, 341), (640, 360), (801, 599), (1280, 720)),
)


# These steps have no divisor in common with the 24 kinds, so that each of them is there, in one size or another.
step_or_all = part_or_all(7)
long_step_or_all = part_or_all(19)


@pytest.fixture(autouse=True, scope="module")
def _one_trap() -> None:
    listen_through(mxclassify.StderrTrap())


def scene(random: np.random.Generator, width_px: int, height_px: int) -> Image.Image:
    """Colours in slopes and blocks, with grain: something else at every call."""
    x, y = np.meshgrid(np.linspace(0, 6, width_px), np.linspace(0, 6, height_px))
    planes = [np.sin(x * random.uniform(0, 3) + y * random.uniform(0, 3) + random.uniform(0, 6)) * 100 + 128 for _ in range(3)]
    pixels = np.stack(planes, axis=-1) + random.normal(0, 12, (height_px, width_px, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def varied(step: int = 1) -> Iterator[bytes]:
    """Every kind in every size, or each `step`th of them."""
    for number, (size_px, (kind, mode, options)) in enumerate(product(SIZES_PX, KINDS)):
        if number % step == 0:
            written = io.BytesIO()
            scene(np.random.default_rng((8, number)), *size_px).convert(mode).save(written, kind, **options)
            yield written.getvalue()


def as_engines_see_it(data: bytes) -> EncodedImage:
    """The input that the API hands to an engine; raises ServiceError where it hands over none."""
    return prepared(inspect_image(data, 10**7), turns=True)


@contextmanager
def streaming(model: StoredModel, decode: Decode = "exact") -> Iterator[Fleet]:
    engine = Fleet.of(StreamEngine(lambda: plan_rendered(model, "cpu", "", 1), "cpu", CpuOptions(decode=decode)), 4)
    engine.start()
    try:
        yield engine
    finally:
        engine.close(1)


def both(engine: Fleet, running: Running, image: EncodedImage) -> tuple[Scores | None, Scores | None]:
    """The scores of both; None for an image that is refused."""
    future = engine.submit(InferenceRequest(image, "", time.monotonic() + 60))
    result = running.answer(image.data)
    assert result[1] in ("ok", "undecodable")
    try:
        scores = [(one.class_id, one.score) for one in future.result(60).scores]
    except UndecodableImage:
        return None, None if result[1] == "undecodable" else result[3]
    return scores, result[3] if result[1] == "ok" else None


def check_parity(model: StoredModel, step: int = 1) -> None:
    furthest = 0.0
    firsts: set[int] = set()
    with streaming(model) as engine, classifying(model) as running:
        for count, data in enumerate(varied(step), 1):
            streamed, compiled = both(engine, running, as_engines_see_it(data))
            assert streamed is not None
            assert compiled is not None
            top = min(5, model.manifest.classes)
            for (one_id, one), (other_id, other) in zip(streamed[:top], compiled[:top], strict=True):
                assert one_id == other_id or abs(one - other) < 1e-6, f"image {count}"
                furthest = max(furthest, abs(one - other))
            firsts.add(compiled[0][0])
    LOG.info("%s: %d images, %d classes, scores at most %.1e apart", model.manifest.name, count, len(firsts), furthest)
    assert count >= 500 // step
    assert len(firsts) >= 5  # equal answers say nothing where all answers are equal
    assert furthest < 1e-5


@step_or_all
def test_efficientnet(model: StoredModel, step: int) -> None:
    check_parity(model, step)


def test_digits(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    prepare("resnext_digits", store)
    check_parity(store.open("resnext_digits"))


@long_step_or_all
def test_resnext101(tmp_path: Path, step: int) -> None:
    """With seeded random weights, which answer as differently as trained ones."""
    check_parity(prepare("resnext101_32x4d", ModelStore(tmp_path), random=True), step)


@step_or_all
def test_short_side(model: StoredModel, tmp_path: Path, step: int) -> None:
    """Resized by the shorter side and cropped before the model: in the pipeline there, in C++ here."""
    crop = {"resize": "short_side", "resize_width_px": 256, "resize_height_px": 256, "crop_width_px": 224, "crop_height_px": 224}
    recipe = Recipe.model_validate(model.manifest.recipe.model_dump() | crop)
    folder = tmp_path / model.manifest.name
    copytree(model.folder, folder)
    model.manifest.model_copy(update={"recipe": recipe}).write(folder / "manifest.toml")
    check_parity(convert_cpu(ModelStore(tmp_path).open(model.manifest.name)), step)


def test_pictures_that_exif_turns(tmp_path: Path) -> None:
    """Each engine turns them itself, and both show them upright."""
    model = store_level_model(tmp_path)
    with streaming(model) as engine, classifying(model) as running:
        assert all(member.engine.turns_pictures for member in engine.members)
        for orientation in range(1, 9):
            for data in (png(orientation), png(orientation, deep=True), webp(orientation)):
                image = as_engines_see_it(data)
                assert image.format is not ImageFormat.BMP
                streamed, compiled = both(engine, running, image)
                assert streamed
                assert compiled
                assert streamed[0][0] == compiled[0][0] == level_class(UPRIGHT)
                assert streamed[0][1] == pytest.approx(compiled[0][1], abs=1e-6)


def large_jpegs(side_px: int) -> Iterator[bytes]:
    """Every making of JPEG in every orientation, around the sizes at which the denominator changes for a resize to this side."""
    kinds = [options for kind, mode, options in KINDS if kind == "JPEG" and mode == "RGB" and "exif" not in options]
    sizes_px = [(by * side_px + more, by * side_px + other) for by in (2, 4, 8) for more, other in ((-1, 90), (0, 0), (33, 5))]
    for number, ((width_px, height_px), options) in enumerate(product(sizes_px, kinds)):
        exif, written = Image.Exif(), io.BytesIO()
        exif[0x0112] = 1 + number % 8
        scene(np.random.default_rng((21, number)), width_px, height_px).save(written, "JPEG", exif=exif, **options)
        yield written.getvalue()


@pytest.mark.parametrize("resize", ["stretch", "short_side"])
def test_reduced_decode(tmp_path: Path, resize: str) -> None:
    """The same pixels, so the same scores."""
    model = store_level_model(tmp_path)
    crop = {"resize": resize} | ({"crop_width_px": SIDE_PX, "crop_height_px": SIDE_PX} if resize == "short_side" else {})
    model = change_model(model, recipe=Recipe.model_validate(model.manifest.recipe.model_dump() | crop))
    with streaming(model, "reduced") as engine, classifying(model, decode="reduced") as running:
        for data in (comb(), *large_jpegs(SIDE_PX)):
            streamed, compiled = both(engine, running, as_engines_see_it(data))
            assert streamed
            assert compiled
            assert [class_id for class_id, _ in streamed[:3]] == [class_id for class_id, _ in compiled[:3]]
            assert streamed[0][1] == pytest.approx(compiled[0][1], abs=1e-6)
            if data == comb():
                assert streamed[0][0] == REDUCED_CLASS


@pytest.mark.parametrize("seed", range(4))
def test_mutated_images(tmp_path: Path, seed: int) -> None:
    """Seeded changes of every kind of image: answered by both alike, or refused by both."""
    random = Random(seed)  # noqa: S311
    model = store_level_model(tmp_path)
    outcomes: Counter[str] = Counter()
    differ: list[str] = []
    with streaming(model) as engine, classifying(model) as running:
        for number in range(1000):
            name = random.choice(sorted(SEEDS))
            try:
                image = as_engines_see_it(mutate(random, name, SEEDS[name]))
            except ServiceError:
                outcomes["refused by the server"] += 1
                continue
            streamed, compiled = both(engine, running, image)
            outcomes["undecodable" if streamed is None else "answered"] += 1
            if (streamed is None) != (compiled is None):
                differ.append(f"{number}: {name}: stream {'refuses' if streamed is None else 'answers'}")
            elif streamed and compiled and streamed[0][0] != compiled[0][0]:
                differ.append(f"{number}: {name}: {streamed[:2]} {compiled[:2]}")
    assert differ == [], outcomes
