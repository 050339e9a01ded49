import gc
import os
import shutil
from pathlib import Path
from weakref import ref

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.manifest import Precision
from models.store import ModelStore, StoredModel
from pipelines.cpu.elements.compiled_model import load_model
from tests.level_model import CLASSES, SIDE_PX, level_graph

PRECISIONS: tuple[Precision, ...] = ("f32", "bf16", "int8")
MISSING = 'its batch is dynamic and the metadata property batch_sizes does not give the sizes, for example "1,2,4,8"'


def grey(level: int) -> np.ndarray:
    return np.full((SIDE_PX, SIDE_PX, 3), level, np.uint8)


def written(path: Path, graph: onnx.ModelProto) -> Path:
    path.write_bytes(graph.SerializeToString())
    return path


def model_file(model: StoredModel) -> Path:
    return model.folder / "level.onnx"


def copied(model: StoredModel, folder: Path) -> Path:
    return Path(shutil.copy(model.folder / "level.onnx", folder))


def test_an_om_stands_for_the_onnx_beside_it(level: StoredModel) -> None:
    model = load_model(level.folder / "level.om")
    assert (model.image_shape, model.image_bytes, model.batch_sizes) == ((SIDE_PX, SIDE_PX, 3), 3072, (1,))
    assert model.dtype == np.uint8
    assert load_model(level.folder / "level.onnx") is model


def test_each_precision_is_a_model_of_its_own(level: StoredModel) -> None:
    f32, bf16, int8 = (load_model(level.folder / "level.om", 0, precision) for precision in PRECISIONS)
    assert len({f32, bf16, int8}) == 3
    assert load_model(level.folder / "level.om", 0, "bf16") is bf16
    exact, rest = (model.runner().run([grey(203)], 1)[0][0] for model in (f32, int8))
    np.testing.assert_array_equal(exact, rest)


def test_bf16_is_computed_in_bfloat16(model_store: ModelStore, cat: bytes, coffee: bytes) -> None:
    """Also where the processor only imitates it: OpenVINO then computes in it, but slowly. The best class of a clear picture stays."""
    path = model_store.open("efficientnet_lite0").check_artifact("cpu")[1]
    f32, bf16 = (load_model(path, 1, precision) for precision in ("f32", "bf16"))
    if bf16.compiled(1).get_property("INFERENCE_PRECISION_HINT").to_string() != "bf16":
        pytest.skip("OpenVINO does not compute in bfloat16 on this processor")
    assert f32.compiled(1).get_property("INFERENCE_PRECISION_HINT").to_string() == "f32"
    for photo, class_id in ((cat, 285), (coffee, 967)):
        decoded = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        pixels = cv2.resize(decoded, f32.image_shape[:2])
        exact, coarse, again = (model.runner().run([pixels], 1)[0][0] for model in (f32, bf16, f32))
        np.testing.assert_array_equal(exact, again)
        assert exact.argmax() == coarse.argmax() == class_id
        assert 0.001 < np.abs(exact - coarse).max() < 1


@pytest.mark.parametrize("sizes", [(4,), (1, 2, 4, 8), (2, 6)])
def test_batch_sizes(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    graph = level_graph("N", ", ".join(map(str, sizes))) if len(sizes) > 1 else level_graph(sizes[0])
    assert load_model(written(tmp_path / "level.onnx", graph)).batch_sizes == sizes


@pytest.mark.parametrize("sizes", ["", "x", "1,", "0,1", "2,1", "1,1", "-1,2", "1.5"])
def test_a_dynamic_batch_must_tell_its_sizes(tmp_path: Path, sizes: str) -> None:
    path = written(tmp_path / "level.onnx", level_graph("N", sizes))
    with pytest.raises(ValueError, match=f"^model {path} cannot be loaded: {MISSING}$"):
        load_model(path)


@pytest.mark.parametrize("name", ["nosuch.om", "nosuch.onnx", ""])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"^modelPath '.*': the file .* does not exist"):
        load_model(tmp_path / name)


def test_an_om_may_be_the_onnx_itself(level: StoredModel, tmp_path: Path) -> None:
    path = Path(shutil.copy(model_file(level), tmp_path / "level.om"))
    assert load_model(path).batch_sizes == (1,)


def test_a_real_om_has_to_have_an_onnx_beside_it(tmp_path: Path) -> None:
    (tmp_path / "real.om").write_bytes(b"IMOD" * 64)
    with pytest.raises(ValueError, match=r"Put the ONNX model of it at .*real\.onnx"):
        load_model(tmp_path / "real.om")


def test_an_empty_om_and_a_folder_are_refused(level: StoredModel, tmp_path: Path) -> None:
    copied(level, tmp_path)
    (tmp_path / "level.om").touch()
    with pytest.raises(ValueError, match="is empty"):
        load_model(tmp_path / "level.om")
    (tmp_path / "folder.om").mkdir()
    shutil.copy(model_file(level), tmp_path / "folder.onnx")
    with pytest.raises(ValueError, match="does not exist"):
        load_model(tmp_path / "folder.om")


def test_a_linked_om_is_refused_whatever_is_beside_it(level: StoredModel, tmp_path: Path) -> None:
    copied(level, tmp_path)
    (tmp_path / "level.om").symlink_to(model_file(level))
    with pytest.raises(ValueError, match="is a symbolic link"):
        load_model(tmp_path / "level.om")


def test_a_symbolic_link_is_refused(level: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "link.onnx").symlink_to(level.folder / "level.onnx")
    with pytest.raises(ValueError, match="is a symbolic link"):
        load_model(tmp_path / "link.om")


def test_a_link_among_the_folders_is_not(level: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "store").symlink_to(level.folder)
    assert load_model(tmp_path / "store" / "level.om") is load_model(level.folder / "level.om")


@pytest.mark.parametrize("content", [b"junk", b"\x08\x08" * 100], ids=["junk", "not quite ONNX"])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^model {path} cannot be loaded: "):
        load_model(path)


@pytest.mark.parametrize("shape", [[1, 3072], [1, "H", SIDE_PX, 3], []])
def test_an_input_that_is_no_picture(tmp_path: Path, shape: list[int | str]) -> None:
    nodes = [helper.make_node("Cast", ["image"], ["scores"], to=TensorProto.FLOAT)]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, shape)
    graph = helper.make_graph(nodes, "flat", [image], [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)])
    path = written(tmp_path / "flat.onnx", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8))
    with pytest.raises(ValueError, match=r"its input is .*, not \[N, H, W, C\] with fixed H, W and C"):
        load_model(path)


def test_one_file_is_compiled_once_and_freed_when_nobody_uses_it(level: StoredModel, tmp_path: Path) -> None:
    path = copied(level, tmp_path)
    model = load_model(path)
    runner = model.runner()
    seen = ref(model)
    assert load_model(path) is model
    del model
    assert load_model(path) is seen()
    del runner
    gc.collect()
    assert seen() is None


def test_other_threads_or_another_file_are_another_model(level: StoredModel, tmp_path: Path) -> None:
    path = copied(level, tmp_path)
    model = load_model(path)
    assert load_model(path, inference_threads=1) is not model
    os.utime(path, ns=(1, 1))
    assert load_model(path) is not model


def test_the_outputs_of_each_image(level1248: StoredModel) -> None:
    runner = load_model(level1248.folder / "level.om").runner()
    outputs = runner.run([grey(0), grey(40), grey(252)], 4)
    assert [arrays[0].shape for arrays in outputs] == [(1, CLASSES)] * 3
    assert [int(arrays[0].argmax()) for arrays in outputs] == [0, 10, 63]


def test_outputs_are_not_overwritten_by_the_next_run(level: StoredModel) -> None:
    runner = load_model(level.folder / "level.om").runner()
    [(first,)] = runner.run([grey(40)], 1)
    runner.run([grey(80)], 1)
    assert int(first.argmax()) == 10


def test_runners_share_no_buffers(level: StoredModel) -> None:
    model = load_model(level.folder / "level.om")
    one, other = model.runner(), model.runner()
    assert not np.shares_memory(one._slots[1][1], other._slots[1][1])
