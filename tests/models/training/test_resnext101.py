"""ResNeXt-101 32x4d as it is: builds, takes a step, exports, imports; ONNX and checkpoint agree with it in OpenVINO, and it is served."""

from pathlib import Path

import mindspore as ms
import numpy as np

from convert.artifact import plain_network
from convert.import_checkpoint import Wishes, import_checkpoint
from models.resnext import ResNeXt, architecture
from models.store import ModelStore, zoo_manifest
from models.training.checkpoints import save_checkpoint
from models.training.dataset import create_dataset
from models.training.distributed import open_device
from models.training.export import run_export
from models.training.listing import read_listing
from models.training.loss import SmoothedCrossEntropy
from models.training.optimizer import create_optimizer
from models.training.step import Gradients, TrainingStep
from models.training.training_config import load_config
from pipelines.cpu.quiet_openvino import ov
from tests.models.training.served import classify, served
from tests.models.training.tiny import ROOT

PHOTOS = ROOT / "tests" / "photos"


def test_resnext101(tmp_path: Path) -> None:
    config = load_config(None, {"checkpoint_file_path": str(tmp_path / "one.ckpt"), "file_name": str(tmp_path / "resnext101")})
    open_device(config)
    network = ResNeXt(architecture("resnext101_32x4d"), 1000).set_train()
    assert sum(parameter.size for parameter in network.trainable_params()) == 44_177_704
    image = np.random.default_rng(0).standard_normal((2, 3, 224, 224), np.float32)
    step = TrainingStep(Gradients(network, SmoothedCrossEntropy(0.1)), create_optimizer(network, config, np.full(1, 0.01, np.float32)))
    loss = float(step(ms.Tensor(image), ms.Tensor([1, 2], ms.int32)).asnumpy())
    assert 5 < loss < 10  # log(1000) = 6.9
    assert network.layer4[2].bn3.gamma.asnumpy().any(), "it was zero before the step"

    save_checkpoint(tmp_path / "one.ckpt", network.get_parameters())
    path = run_export(config)
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    logits = network.set_train(mode=False)(ms.Tensor(image[:1])).asnumpy()
    np.testing.assert_allclose(compiled(image[:1])[0], logits, atol=1e-4, rtol=0)

    imported = import_checkpoint(tmp_path / "one.ckpt", ModelStore(tmp_path / "store"), Wishes(), progress=lambda _: None)
    assert (imported.manifest.name, imported.manifest.recipe.sha256) == ("resnext101_32x4d", zoo_manifest("resnext101_32x4d").recipe.sha256)
    core = ov.Core()
    plain = core.read_model(plain_network(imported).SerializeToString())
    compiled = core.compile_model(plain, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_allclose(compiled(image[:1])[0], logits, atol=1e-4, rtol=0)

    (tmp_path / "list.txt").write_text("cat.png 285\ncoffee.png 967\n")
    data = load_config(None, {"data_path": str(PHOTOS), "eval_list_file": str(tmp_path / "list.txt")})
    ((images, _),) = create_dataset(data, training=False)
    with served(path, "--transform", "training") as server:
        answers = classify(server, read_listing(PHOTOS, tmp_path / "list.txt"))
    best = np.argsort(-network(ms.Tensor(images)).asnumpy())[:, :5]
    assert [[score["class_id"] for score in answer] for answer in answers] == best.tolist()
