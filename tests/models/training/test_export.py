"""MindSpore against the exported ONNX in OpenVINO; what cannot be exported, and what says so."""

from pathlib import Path

import mindspore as ms
import numpy as np
import onnx
import pytest

from models.resnext import ResNeXt, architecture
from models.training.checkpoints import save_checkpoint
from models.training.export import run_export
from models.training.training_config import load_config
from models.training.training_errors import CheckpointUnfit, ConfigInvalid, ExportFailed
from pipelines.cpu.quiet_openvino import ov
from tests.models.training.made_network import settled

SIZE = 64


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.ckpt"
    save_checkpoint(path, settled(ResNeXt(architecture("resnext_digits"), 10)).get_parameters())
    return path


def export(checkpoint: Path, file: Path, **keys: str) -> Path:
    flags = {"network": "resnext_digits", "num_classes": "10", "image_size": f"[{SIZE}, {SIZE}]", **keys}
    return run_export(load_config(None, {**flags, "checkpoint_file_path": str(checkpoint), "file_name": str(file)}))


def test_onnx_agrees_with_mindspore_at_any_batch(checkpoint: Path, tmp_path: Path) -> None:
    path = export(checkpoint, tmp_path / "digits")
    assert [entry.name for entry in tmp_path.iterdir()] == ["digits.onnx"]
    assert path.stat().st_size < 3_000_000
    model = onnx.load(path)
    assert model.opset_import[0].version >= 11
    batches = [value.type.tensor_type.shape.dim[0].dim_param for value in (*model.graph.input, *model.graph.output)]
    assert ([value.name for value in (*model.graph.input, *model.graph.output)], batches) == (["image", "scores"], ["N", "N"])

    network = settled(ResNeXt(architecture("resnext_digits"), 10)).set_train(mode=False)
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch in (1, 3, 8):
        image = np.random.default_rng(batch).standard_normal((batch, 3, SIZE, SIZE), np.float32)
        logits = network(ms.Tensor(image)).asnumpy()
        assert np.abs(logits).max() > 0.1
        np.testing.assert_allclose(compiled(image)[0], logits, atol=1e-4, rtol=0)


def test_mindir(checkpoint: Path, tmp_path: Path) -> None:
    path = export(checkpoint, tmp_path / "digits.mindir", file_format="MINDIR", batch_size="2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["digits.mindir"]
    image = np.random.default_rng(0).standard_normal((2, 3, SIZE, SIZE), np.float32)
    network = settled(ResNeXt(architecture("resnext_digits"), 10)).set_train(mode=False)
    found = ms.nn.GraphCell(ms.load(str(path)))(ms.Tensor(image)).asnumpy()
    np.testing.assert_allclose(found, network(ms.Tensor(image)).asnumpy(), atol=1e-5)


def test_air_off_ascend_names_the_way(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match=r"on Ascend only, not on CPU\. Export --file_format ONNX"):
        export(checkpoint, tmp_path / "digits", file_format="AIR")


def test_what_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnfit, match="another number of classes"):
        export(checkpoint, tmp_path / "digits", num_classes="7")
    with pytest.raises(ConfigInvalid, match="No checkpoint to export"):
        run_export(load_config())
    (tmp_path / "file").touch()
    with pytest.raises(ExportFailed):
        export(checkpoint, tmp_path / "file" / "digits")
