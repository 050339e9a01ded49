"""The models of the tests: [N, 4, 6, 3] uint8 → the mean of each channel as [N, 3] scores; static, and with gears."""

import sys
from pathlib import Path

from onnx import ModelProto, TensorProto, checker, helper, save_model

HEIGHT_PX, WIDTH_PX = 4, 6


def mean_model(batch: int | str, gears: str = "", output_type: int = TensorProto.FLOAT) -> ModelProto:
    """One of them, with `batch` images."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [batch, HEIGHT_PX, WIDTH_PX, 3])
    scores = helper.make_tensor_value_info("scores", output_type, [batch, 3])
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Cast", ["means"], ["scores"], to=output_type),
    ]
    model = helper.make_model(helper.make_graph(nodes, "mean", [image], [scores]), opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    if gears:
        helper.set_model_props(model, {"batch_sizes": gears})
    checker.check_model(model)
    return model


def main(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(mean_model(1), folder / "static.onnx")
    save_model(mean_model(2), folder / "pair.onnx")
    save_model(mean_model("N", "1,2,4"), folder / "gears.onnx")
    save_model(mean_model("N"), folder / "no_gears.onnx")
    save_model(mean_model(1, output_type=TensorProto.INT32), folder / "integers.onnx")
    (folder / "broken.onnx").write_bytes(b"not a model")
    (folder / "three.names").write_text("# three\nblue\ngreen\nred\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
