"""Fixtures that the image tests share: one builder, the images, and a model. The tests take minutes and want root: make test-image."""

import json
import os
import platform
import shutil
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from models.manifest import Artifact
from models.store import ModelStore, sha256_of
from tests.image.builder import NEEDED_GB, ROOT, Builder, NoSpace
from tests.made_model import write_provenance

FOLDER = ROOT / "build/image"
RUN_UID = 9000
SIZES_MB: dict[str, int] = {}
TAKEN_GB: list[float] = []

signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is ended early removes its layers and mounts too


@pytest.fixture(scope="session")
def builder() -> Iterator[Builder]:
    builder = Builder(FOLDER)
    try:
        builder.prepare()
        builder.make_debian()
        yield builder
        TAKEN_GB.append(builder.taken_gb())
    except NoSpace as error:
        pytest.exit(str(error), returncode=1)
    finally:
        builder.sweep()


def measured(builder: Builder, image: str) -> str:
    SIZES_MB[image] = builder.size_mb(image)
    return image


@pytest.fixture(scope="session")
def cpu(builder: Builder) -> str:
    builder.build("Dockerfile.infer", "--target=cpu", "--tag=cpu")
    return measured(builder, "cpu")


@pytest.fixture(scope="session")
def cpu_with_all(builder: Builder, cpu: str) -> str:
    """With both extras, the compiled engine and gRPC; after `cpu`, whose layers it shares."""
    builder.build("Dockerfile.infer", "--target=cpu", f"--tag={cpu}-all", WITH_MXBASE="1", WITH_GRPC="1")
    return measured(builder, f"{cpu}-all")


@pytest.fixture(scope="session")
def stand_in(builder: Builder) -> str:
    """The image that stands in for an Ascend infer image with the SDK."""
    builder.build(
        "tests/image/stand_in/Dockerfile", "--ignorefile=tests/image/stand_in/Dockerfile.dockerignore", "--target=sdk", "--tag=stand-in"
    )
    return measured(builder, "localhost/stand-in")


@pytest.fixture(scope="session")
def python_archive(builder: Builder) -> Path:
    """The list that uv reads, of one archive that stands in for the one it would download."""
    folder = builder.folder / "python"
    ignore = "--ignorefile=tests/image/stand_in/Dockerfile.dockerignore"
    builder.build("tests/image/stand_in/Dockerfile", ignore, "--target=python", f"--output=type=local,dest={folder}")
    archive, machine = folder / "cpython.tar.gz", platform.machine()
    download = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": 11,
        "patch": 2,
        "prerelease": "",
        "url": archive.as_uri(),
        "sha256": sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "stand-in",
    }
    (folder / "downloads.json").write_text(json.dumps({f"cpython-3.11.2-linux-{machine}-gnu": download}))
    return folder / "downloads.json"


@pytest.fixture(scope="session")
def ascend_options(python_archive: Path) -> tuple[str, ...]:
    folder = python_archive.parent
    return ("--target=ascend", f"--build-arg=UV_PYTHON_DOWNLOADS_JSON_URL={python_archive}", f"--volume={folder}:{folder}:ro")


@pytest.fixture(scope="session")
def ascend(builder: Builder, stand_in: str, ascend_options: tuple[str, ...]) -> str:
    builder.build("Dockerfile.infer", *ascend_options, "--tag=ascend", BASE_IMAGE=stand_in)
    return measured(builder, "ascend")


@pytest.fixture(scope="session")
def models(model_store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model, the container user's, with a file that stands in for an OM."""
    from models.store_writer import add_artifact

    folder = tmp_path_factory.mktemp("models") / "models"
    shutil.copytree(model_store.root, folder)
    om = tmp_path_factory.mktemp("om") / "stand_in.om"
    om.write_text("stand-in")
    model = ModelStore(folder).open("efficientnet_lite0")
    add_artifact(model, om, Artifact(file=om.name, sha256=sha256_of(om), soc="Ascend310"))
    write_provenance(model.folder / om.name, model.manifest, "Ascend310", (1,))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, RUN_UID, RUN_UID)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for image, size_mb in SIZES_MB.items():
        terminalreporter.write_line(f"image {image}: {size_mb} MB unpacked")
    for taken_gb in TAKEN_GB:
        terminalreporter.write_line(f"disk: {taken_gb:.1f} GB taken and freed again, of the {NEEDED_GB} GB that have to be free")
