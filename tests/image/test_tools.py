"""The image with the tools, on the stand-in for an image with CANN: the command line reads the store and runs models on the CPU."""

from pathlib import Path

from tests.image.builder import Builder
from tests.image.container import Container


def test_it_knows_the_models_and_classifies(builder: Builder, stand_in: str, ascend_options: tuple[str, ...], models: Path) -> None:
    builder.build("Dockerfile.infer", "--target=tools", *ascend_options[1:], "--tag=tools", TOOLS_BASE=stand_in)
    with Container(builder, "tools", "doctor", "--model", "efficientnet_lite0", models=models) as container:
        code, words = container.finish()
    assert "the CPU runtime serves efficientnet_lite0" in words
    assert code == 0, words
    with Container(builder, "tools", "convert", "atc", "efficientnet_lite0", models=models) as container:
        code, words = container.finish()
    assert (code, "[atc_missing]" in words) == (1, True)
