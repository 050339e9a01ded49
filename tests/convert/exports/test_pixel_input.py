import pytest
from onnx import TensorProto

from convert.conversion_errors import ConvertError
from convert.exports.pixel_input import make_plain, pixel_input
from convert.networks.plain_network import dimensions, image_input
from tests.convert.exports.exports_made import SIDE, Export, step

TURN = step("Transpose", perm=[0, 3, 1, 2])
CAST = step("Cast", to=TensorProto.FLOAT)


@pytest.mark.parametrize(
    ("export", "told", "added"),
    [
        (Export(), "float32 [N, 3, 32, 32]", []),
        (Export(image=(4, 3, "h", "w")), "float32 [4, 3, any, any]", []),
        (Export(image=("N", SIDE, SIDE, 3), before=(TURN,)), "float32 [N, 32, 32, 3]", []),
        (Export(image=("N", "h", "w", 3), before=(step("Neg"), TURN)), "float32 [N, any, any, 3]", ["Transpose"]),
        (Export(image=("b", "h", "w", "c"), before=(TURN,)), "float32 [N, any, any, 3]", []),
        (Export(type=TensorProto.UINT8, before=(CAST,)), "uint8 [N, 3, 32, 32]", []),
        (Export(type=TensorProto.FLOAT16, half=True), "float16 [N, 3, 32, 32]", ["Cast"]),
        (Export(image=("N", 1, SIDE, SIDE), channels=1), "float32 [N, 1, 32, 32]", ["Conv"]),
        (
            Export(image=("N", SIDE, SIDE, 1), channels=1, type=TensorProto.UINT8, before=(step("Identity"), CAST, TURN)),
            "uint8 [N, 32, 32, 1]",
            ["Conv", "Round", "Transpose", "Cast"],
        ),
    ],
)
def test_forms(export: Export, told: str, added: list[str]) -> None:
    model = export.model()
    before = len(model.graph.node)
    form = pixel_input(model, SIDE)
    assert str(form) == told
    make_plain(model, form)
    nodes = [node.op_type for node in model.graph.node]
    gone = TURN in export.before and not added
    assert nodes[: len(added)] == added
    assert len(nodes) == before + len(added) - gone
    image = image_input(model)
    assert (image.name, image.type.tensor_type.elem_type) == ("input", TensorProto.FLOAT)
    assert dimensions(image.type.tensor_type) == [form.batch, 3, form.height, form.width]


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (Export(image=("N", 4, SIDE, SIDE), channels=4), r"input is float \[\?, 4, 32, 32\], which has neither 3 nor 1 channels"),
        (Export(image=("b", "c", "h", "w"), channels=4), "neither 3 nor 1"),
        (Export(type=TensorProto.INT32, before=(CAST,)), r"input is int32 .*Taken are float32, float16"),
    ],
)
def test_what_is_not_a_picture(export: Export, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        pixel_input(export.model(), SIDE)
