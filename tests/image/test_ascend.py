"""The Ascend image on a stand-in for the vendor's: it is built, linked and started as far as one can get without the SDK."""

from pathlib import Path

import pytest

from tests.image.builder import Builder, BuildFailed
from tests.image.container import Container

WHAT_IS_THERE = """
import mxclassify, sys
from importlib.util import find_spec
print(*sys.version_info[:2], *(name for name in ("numpy", "onnx", "openvino") if find_spec(name)))
"""


def test_the_server_starts_up_to_the_missing_sdk(builder: Builder, ascend: str, models: Path) -> None:
    with Container(builder, ascend, models=models, ENGINES="stream") as container:
        code, words = container.finish()
    assert code == 1
    assert "No module named 'StreamManagerApi'" in words
    assert "Traceback" not in words


def test_the_compiled_engine_is_linked_to_the_sdk(builder: Builder, ascend: str) -> None:
    """Importing it resolves every symbol (-z now); openvino and onnx are not there."""
    with Container(builder, ascend, "/opt/ascend-classify/bin/python", "-c", WHAT_IS_THERE, server=False) as container:
        assert container.finish() == (0, "3 11 numpy\n")
        library = next(container.tree.glob("opt/ascend-classify/lib/python3.11/site-packages/mxclassify/_mxclassify*.so")).read_bytes()
    for name in (b"libmxbase.so", b"libresnet50postprocess.so", b"libopencv_world.so", b"/usr/local/sdk_home/mxManufacture/"):
        assert name in library


def test_its_user_owns_the_sdk(builder: Builder, ascend: str) -> None:
    with Container(
        builder, ascend, "sh", "-c", 'stat -L -c %u "$MX_SDK_HOME"; id -u; cat "$MX_SDK_HOME/version.info"', server=False
    ) as container:
        code, words = container.finish()
    assert code == 0
    assert words.splitlines()[:2] == ["9000", "9000"]
    assert words.splitlines()[2].startswith("stand-in")


def test_an_old_base_is_refused(builder: Builder, stand_in: str, ascend_options: tuple[str, ...], tmp_path: Path) -> None:
    getconf = tmp_path / "getconf"
    getconf.write_text("#!/bin/sh\necho glibc 2.26\n")
    getconf.chmod(0o755)
    container = builder.buildah("from", stand_in).strip()
    builder.buildah("copy", container, str(getconf), "/usr/bin/getconf")
    builder.buildah("commit", "--quiet", "--rm", "--format", "docker", container, "localhost/old")
    with pytest.raises(BuildFailed, match=r"glibc >= 2\.27; this one has glibc 2\.26"):
        builder.build("Dockerfile.infer", *ascend_options, BASE_IMAGE="localhost/old")


def test_another_user_is_refused(builder: Builder, stand_in: str, ascend_options: tuple[str, ...]) -> None:
    with pytest.raises(BuildFailed, match=r"belongs to uid 9000.*--build-arg RUN_UID=9000"):
        builder.build("Dockerfile.infer", *ascend_options, BASE_IMAGE=stand_in, RUN_UID="9001")
