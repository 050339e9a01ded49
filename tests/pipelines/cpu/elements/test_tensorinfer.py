from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convert.prepare import prepare
from models.store import ModelStore, StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.cpu.elements.frame import Box, Boxes, Frame, FrameError, TensorPackage, TensorPackages, Vision, Visions
from pipelines.cpu.elements.tensorinfer import TensorInfer, split_list
from pipelines.pipeline_errors import PipelineError
from tests.level_model import SIDE_PX, level_png
from tests.pipelines.cpu.pipelines_made import BROKEN, HOUR_MS, best, classifying, create, fetch, opened, pushed, send

FAILED = ' (Code = 1001, Message = "General Failed") '
RANK = f"The shape of concated inputTensors[0] does not match model inputTensors[0]{FAILED}"
NUMBER = f"The shape of concated inputTensors does not match model inputTensors.{FAILED}"
SHAPE = f"The shape of concat inputTensors[0] does not match model inputTensors[0]\n{FAILED}"


def grey(*levels: int, side_px: int = SIDE_PX) -> Visions:
    return Visions(tuple(Vision(np.full((side_px, side_px, 3), level, np.uint8)) for level in levels))


def picture(shape: tuple[int, ...], dtype: type = np.uint8) -> Visions:
    return Visions((Vision(np.zeros(shape, dtype)),))


def scores(frame: Frame) -> np.ndarray:
    assert frame.errors == {}
    tensors = frame.metadata["mxpi_tensorinfer0"]
    assert isinstance(tensors, TensorPackages)
    return tensors.items[0].arrays[0]


def classes(frame: Frame) -> list[int]:
    """The best class of every picture."""
    assert frame.errors == {}
    tensors = frame.metadata["mxpi_tensorinfer0"]
    assert isinstance(tensors, TensorPackages)
    assert [(package.source, package.member) for package in tensors.items] == [("before", i) for i in range(len(tensors.items))]
    return [int(package.arrays[0].argmax()) for package in tensors.items]


class Outlet:
    """Where frames go, and a record of the batches as (images, padding)."""

    def __init__(self, *, strict: bool = False) -> None:
        self.frames: list[Frame] = []
        self.batches: list[tuple[int, int]] = []
        self.options = CpuOptions(on_batch=lambda *told: self.batches.append(told), strict=strict)

    @contextmanager
    def behind(self, model: StoredModel, **props: str) -> Iterator[TensorInfer]:
        element = opened(TensorInfer, {"modelPath": str(model.folder / "level.om"), **props}, options=self.options)
        element.downstream = self.frames.append
        yield element
        element.close()


def close_window(element: TensorInfer) -> None:
    assert element._collector is not None
    with element._collector._device:
        element._collector._flush(owed=len(element._collector._pictures))


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


def test_batch_1_infers_at_once(outlet: Outlet, level: StoredModel) -> None:
    with outlet.behind(level, waitingTime=HOUR_MS) as element:
        for class_id in (3, 60):
            frame = pushed(element, before=grey(4 * class_id))
            assert outlet.frames[-1] is frame
            assert scores(frame).shape == (1, 64)
            assert int(scores(frame).argmax()) == class_id
    assert outlet.batches == [(1, 0), (1, 0)]


def test_a_static_batch_runs_when_it_is_full(outlet: Outlet, level4: StoredModel) -> None:
    with outlet.behind(level4, waitingTime=HOUR_MS) as element:
        frames = [pushed(element, unique_id=number, before=grey(4 * number)) for number in range(3)]
        assert outlet.frames == []
        frames.append(pushed(element, unique_id=3, before=grey(12)))
    assert outlet.frames == frames
    assert [int(scores(frame).argmax()) for frame in frames] == [0, 1, 2, 3]
    assert outlet.batches == [(4, 0)]


def test_a_partial_batch_is_padded(level4: StoredModel, level1248: StoredModel) -> None:
    for model, strategy, batch in ((level4, "Nearest", (3, 1)), (level1248, "Upper", (3, 1)), (level1248, "Nearest", (3, 1))):
        outlet = Outlet()
        with outlet.behind(model, waitingTime=HOUR_MS, dynamicStrategy=strategy) as element:
            frames = [pushed(element, before=grey(4 * number)) for number in range(3)]
            close_window(element)
        assert [int(scores(frame).argmax()) for frame in frames] == [0, 1, 2]
        assert outlet.batches == [batch]


def test_the_window_closes_by_itself(manager: CpuStreamManager, level4: StoredModel) -> None:
    create(manager, s=classifying(level4, infer={"waitingTime": "1"}))
    ids = [send(manager, b"s", level_png(4 * class_id)) for class_id in (5, 6)]
    assert [best(fetch(manager, b"s", unique_id)) for unique_id in ids] == [5, 6]


def test_answers_are_the_same_in_every_batch_size(model_store: ModelStore, tmp_path: Path, cat: bytes) -> None:
    """The default model, prepared for batches of 1, 2 and 4 from its own weights."""
    model = prepare("efficientnet_lite0", ModelStore(tmp_path), batch_sizes=(1, 2, 4))
    single = model_store.open("efficientnet_lite0")
    photo = cv2.imdecode(np.frombuffer(cat, np.uint8), cv2.IMREAD_COLOR)
    assert photo is not None
    pixels = cv2.resize(photo, (224, 224))
    runner = opened(TensorInfer, {"modelPath": str(single.check_artifact("cpu")[1])})._runner
    [(expected,)] = runner.run([pixels], 1)
    element = opened(TensorInfer, {"modelPath": str(model.check_artifact("cpu")[1])})
    for size in (1, 2, 4):
        for (answer,) in element._runner.run([pixels] * size, size):
            np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-5)
    element.close()


def size_text(number: int, kind: str) -> str:
    """The vendor's message for so many bytes of that type, where the model takes 3072 of uint8."""
    sizes = f"inputTensors[0]({number}) does not match model inputTensors[0](3072)"
    return f"The datasize of concated {sizes}. Tensor Dtype: TENSOR_DTYPE_{kind}, model Dtype: TENSOR_DTYPE_UINT8.{FAILED}"


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        (grey(0, side_px=16), SHAPE + SHAPE + size_text(768, "UINT8")),
        (picture((SIDE_PX, 16, 3)), SHAPE + size_text(1536, "UINT8")),
        (picture((SIDE_PX, SIDE_PX, 3), np.float32), size_text(12288, "FLOAT32")),
        (picture((SIDE_PX, SIDE_PX, 3), np.float64), size_text(24576, "DOUBLE64")),
        (TensorPackages((TensorPackage((np.zeros((1, 16, 16, 3), np.uint8),)),)), SHAPE + size_text(768, "UINT8")),
        (TensorPackages((TensorPackage((np.zeros((1, 16), np.float32),)),)), RANK + size_text(64, "FLOAT32")),
        (TensorPackages((TensorPackage((np.zeros(1), np.zeros(1))),)), NUMBER),
        (TensorPackages((TensorPackage(()),)), "Invalid MxpiTensorPackageList is provided from input port(0)."),
        (Visions(()), "Invalid MxpiTensorPackageList is provided from input port(0)."),
        (Boxes((Box(0, 0, 1, 1),)), "Neither MxpiVisionList nor MxpiTensorPackageList is provided from input port(0)."),
    ],
    ids=["size", "width", "type", "double", "tensor", "rank", "number", "no tensor", "no picture", "no list"],
)
@pytest.mark.parametrize("batched", [False, True])
def test_a_picture_that_does_not_fit(
    outlet: Outlet, level: StoredModel, level4: StoredModel, batched: bool, picture: Visions, text: str
) -> None:
    with outlet.behind(level4 if batched else level, waitingTime=HOUR_MS) as element:
        frame = pushed(element, before=picture)
        assert outlet.frames == [frame]
    [error] = frame.errors.values()
    code = 1001 if text.endswith(FAILED) else 1004 if text.startswith("Invalid") else 7011
    assert (error.code, error.text.partition(" (Code = 1004")[0].partition(" (Code = 7011")[0]) == (code, text)


def test_a_transposed_picture_passes_as_with_the_vendor(outlet: Outlet, level: StoredModel) -> None:
    with outlet.behind(level) as element:
        assert classes(pushed(element, before=Visions((Vision(np.full((16, 64, 3), 40, np.uint8)),)))) == [10]


def test_only_the_number_of_bytes_counts(outlet: Outlet, level: StoredModel) -> None:
    with outlet.behind(level) as element:
        assert classes(pushed(element, before=picture((16, 16, 3), np.float32))) == [0]
        tensor = TensorPackage((np.full((1, SIDE_PX, SIDE_PX, 3), 40, np.uint8),))
        assert classes(pushed(element, before=TensorPackages((tensor,)))) == [10]


@pytest.mark.parametrize("batched", [False, True])
def test_several_pictures_in_a_frame(outlet: Outlet, level: StoredModel, level4: StoredModel, batched: bool) -> None:
    with outlet.behind(level4 if batched else level, waitingTime=HOUR_MS) as element:
        frames = [pushed(element, before=grey(0, 8, 16)), pushed(element, before=grey(40))]
    assert outlet.frames == frames
    assert [classes(frame) for frame in frames] == [[0, 2, 4], [10]]
    assert outlet.batches == ([(4, 0)] if batched else [(1, 0)] * 4)


def test_without_checks_the_bytes_that_fit_are_taken(outlet: Outlet, level: StoredModel) -> None:
    with outlet.behind(level, skipModelCheck="1") as element:
        assert classes(pushed(element, before=grey(40))) == [10]
        assert classes(pushed(element, before=grey(0, side_px=16))) == [5]  # half of the upper half of the picture before is gone
        [error] = pushed(element, before=grey(0, side_px=64)).errors.values()
    assert error == FrameError(1004, 'Fail to copy to device memory. (Code = 1004, Message = "Invalid parameter") ')


def test_single_inference_on_a_batch_model_fails(outlet: Outlet, level4: StoredModel) -> None:
    with outlet.behind(level4, singleBatchInfer="1") as element:
        [error] = pushed(element, before=grey(0)).errors.values()
    assert error == FrameError(1001, size_text(3072, "UINT8").replace("inputTensors[0](3072). Tensor", "inputTensors[0](12288). Tensor"))


def test_single_inference_without_checks(outlet: Outlet, level4: StoredModel, level1248: StoredModel) -> None:
    """A whole batch for one picture, whose output keeps the size of a batch; of the gears, that of 1 is taken."""
    with outlet.behind(level4, singleBatchInfer="1", skipModelCheck="1") as element:
        assert scores(pushed(element, before=grey(40))).shape == (4 * 64,)
    with outlet.behind(level1248, singleBatchInfer="1", skipModelCheck="1") as element:
        assert classes(pushed(element, before=grey(40))) == [10]
    assert outlet.batches == [(1, 3), (1, 0)]


def test_outputs_without_a_batch_dimension_get_one(outlet: Outlet, level: StoredModel, level4: StoredModel) -> None:
    with outlet.behind(level, outputHasBatchDim="0") as element:
        assert scores(pushed(element, before=grey(40))).shape == (1, 1, 64)
    with outlet.behind(level4, outputHasBatchDim="0", waitingTime=HOUR_MS) as element:
        frames = [pushed(element, before=grey(40)) for _ in range(4)]
        assert [scores(frame).shape for frame in frames] == [(64,)] * 4


def test_a_bad_picture_among_good_ones_fails_alone(outlet: Outlet, level4: StoredModel) -> None:
    """The vendor fails every frame that waits; here it does better."""
    pictures = [grey(0), grey(4, side_px=16), grey(8), grey(12), grey(16)]
    with outlet.behind(level4, waitingTime=HOUR_MS) as element:
        frames = [pushed(element, unique_id=number, before=picture) for number, picture in enumerate(pictures)]
    assert outlet.frames == frames
    assert [sorted(frame.errors) for frame in frames] == [[], ["mxpi_tensorinfer0"], [], [], []]
    assert [int(scores(frames[number]).argmax()) for number in (0, 2, 3, 4)] == [0, 2, 3, 4]
    assert outlet.batches == [(4, 0)]


def test_a_broken_image_among_good_ones(manager: CpuStreamManager, level4: StoredModel) -> None:
    create(manager, s=classifying(level4, infer={"waitingTime": HOUR_MS}))
    images = [BROKEN, level_png(4), BROKEN, level_png(8), level_png(12)]
    ids = [send(manager, b"s", image) for image in images]
    assert fetch(manager, b"s", ids[0]).errorCode == 1004  # nobody is before it, so it waits for nobody
    ids.append(send(manager, b"s", level_png(16)))
    assert [best(fetch(manager, b"s", ids[place])) for place in (1, 3, 4, 5)] == [1, 2, 3, 4]
    assert fetch(manager, b"s", ids[2]).errorCode == 1004


@pytest.mark.parametrize("batched", [False, True])
def test_a_run_that_fails(outlet: Outlet, level: StoredModel, level4: StoredModel, batched: bool) -> None:
    class Failing:
        def run(self, *_: Any) -> list[tuple[np.ndarray, ...]]:
            raise MemoryError("no room")

    with outlet.behind(level4 if batched else level, waitingTime=HOUR_MS) as element:
        runner, element._runner = element._runner, Failing()  # type: ignore[assignment]
        frames = [pushed(element, before=grey(0)) for _ in range(4)]
        element._runner = runner
        well = [pushed(element, before=grey(40)) for _ in range(4)]
    error = FrameError(-1, 'Model inference is failed. (Code = -1, Message = "ACL: general failure") ')
    assert outlet.frames == frames + well
    assert [frame.errors for frame in frames] == [{"mxpi_tensorinfer0": error}] * 4
    assert [int(scores(frame).argmax()) for frame in well] == [10] * 4


@pytest.mark.parametrize("warned", [False, True])
def test_strict_a_bad_picture_fails_all_that_wait(level4: StoredModel, warned: bool) -> None:
    outlet = Outlet(strict=True)
    before = Visions((Vision(np.zeros((16, 64, 3), np.uint8)),)) if warned else grey(0)
    with outlet.behind(level4, waitingTime=HOUR_MS) as element:
        frames = [pushed(element, before=before), pushed(element, before=grey(0, side_px=16))]
        assert outlet.frames == frames
        error = FrameError(1001, SHAPE + SHAPE + size_text(768, "UINT8"))
        assert [frame.errors for frame in frames] == [{"mxpi_tensorinfer0": error}] * 2
        well = [pushed(element, before=grey(40)) for _ in range(4)]
    assert [classes(frame) for frame in well] == [[10]] * 4


@pytest.mark.parametrize("batched", [False, True])
def test_a_wrong_data_source_is_no_failure(outlet: Outlet, level: StoredModel, level4: StoredModel, batched: bool) -> None:
    with outlet.behind(level4 if batched else level, waitingTime=HOUR_MS, dataSource=" nosuch ,") as element:
        frames = [pushed(element, before=grey(0)) for _ in range(4)]
    assert outlet.frames == frames
    assert all(frame.errors == {} and list(frame.metadata) == ["before"] for frame in frames)
    assert outlet.batches == []


@pytest.mark.parametrize(
    "props", [{"modelPath": ""}, {"modelPath": "nosuch.om"}, {"dynamicStrategy": "Fastest"}, {"dataSource": "a,b"}, {"dataSource": " "}]
)
def test_properties_that_cannot_be_had(level: StoredModel, props: dict[str, str]) -> None:
    with pytest.raises(PipelineError, match=f"^Element 'mxpi_tensorinfer0': {next(iter(props))} ") as caught:
        opened(TensorInfer, {"modelPath": str(level.folder / "level.om"), **props})
    assert caught.value.vendor_code == 6003


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a, b", ["a", " b"]),
        ("a,,b,", ["a", "b"]),
        (",a", ["", "a"]),
        (",", [""]),
        (",,", [""]),
    ],
)
def test_a_list_as_the_vendor_splits_it(text: str, parts: list[str]) -> None:
    assert split_list(text) == parts
