"""The model: on a CPU, and on chips."""

import json
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from models.manifest import Artifact
from models.store import StoredModel, sha256_of
from server.cli.doctor.case import open_case
from server.cli.doctor.finding import Finding
from server.cli.doctor.machine import Machine
from server.cli.doctor.prepared_model import check_model
from server.cli.doctor_command import _inspect
from server.settings import Settings
from tests.convert.inspection.models_made import make_model, tell_provenance, write_manifest
from tests.server.cli.doctor.atlas import Atlas

check = partial(check_model, inspect=_inspect)
OM_CHECKS = "sha256, the header is an OM's, and the length is right, mode 0640, it was made for this manifest"
AGAIN = "ascend-classify convert atc resnext101_32x4d --soc"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return make_model(tmp_path_factory.mktemp("made"))


@pytest.fixture
def small(made: StoredModel, tmp_path: Path) -> Path:
    """A store with a small model that has an ONNX and an OM."""
    return Path(shutil.copytree(made.folder.parent, tmp_path / "store"))


def on_cpu(store: Path, **settings: Any) -> list[Finding]:
    chosen: dict[str, Any] = {"model": "small", "model_store": store, "port": 0} | settings
    return list(check(open_case(Machine({}, store), Settings(**chosen))))


def artifacts(atlas: Atlas, **changes: Any) -> Iterator[Artifact]:
    """The OM's entry, changed."""
    yield Artifact(**Artifact(file=atlas.om.name, sha256=sha256_of(atlas.om), soc="Ascend310", batch_sizes=(1, 2)).model_dump() | changes)


def test_a_model_on_a_cpu(small: Path) -> None:
    assert [(each.status, each.what) for each in on_cpu(small)] == [
        ("ok", "manifest.toml: labels' sha256, number of labels"),
        ("ok", "small.onnx: sha256, soc, recipe, recipe's sha256, model, version, batch sizes, input and 1 more"),
        ("ok", f"small.om: {OM_CHECKS} (for Ascend310, which is not used here)"),
        ("ok", "aipp.config: ATC can read it, it does what small needs"),
    ]


def test_what_is_not_used_here_is_only_remarked_on(small: Path) -> None:
    (small / "small/small.om").chmod(0o644)
    (finding,) = [each for each in on_cpu(small) if each.status != "ok"]
    assert finding.status == "note"
    assert finding.what.endswith("refuses more than 0640 (for Ascend310, which is not used here)")


def test_a_damaged_model(small: Path) -> None:
    (small / "small/small.onnx").write_bytes((small / "small/small.onnx").read_bytes() + b"\0")
    (finding,) = [each for each in on_cpu(small) if each.status == "problem" and "sha256" in each.what]
    assert finding.what.startswith("small.onnx: sha256: ")
    assert finding.remedy == f"Prepare the model again: ascend-classify models prepare small --force --model-store {small}"


def test_no_model(tmp_path: Path) -> None:
    (zoo,) = on_cpu(tmp_path, model="efficientnet_lite0")
    assert (zoo.status, zoo.remedy) == ("problem", f"Run: ascend-classify models prepare efficientnet_lite0 --model-store {tmp_path}")
    (unknown,) = on_cpu(tmp_path, model="none")
    assert unknown.what == f"The model 'none' is neither in {tmp_path} nor in the zoo"
    assert unknown.remedy.startswith("Known models: ")
    (fake,) = on_cpu(tmp_path, engines="fake")
    assert (fake.status, fake.what) == ("note", "ENGINES=fake answers without a model")


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")
def test_a_store_that_cannot_be_read(small: Path) -> None:
    (small / "small").chmod(0o700)
    case = open_case(Machine({}, small, 65534), Settings(model="small", model_store=small, port=0))
    os.seteuid(65534)
    try:
        (finding,) = check(case)
    finally:
        os.seteuid(0)
    assert finding.what.startswith("the model store cannot be read by uid 65534: [Errno 13] Permission denied: ")
    assert finding.remedy == f"sudo chown -R 65534 {small} && sudo chmod -R u+rX {small}"


def test_a_model_without_an_artifact_for_a_cpu(atlas: Atlas) -> None:
    what = "resnext101_32x4d has no artifact for a CPU (it has Ascend310)"
    network = f"ascend-classify convert cpu resnext101_32x4d --network FILE.onnx --model-store {atlas.root}/models"
    assert atlas.found(check, runtime="cpu") == [(what, f"Give its network as ONNX: {network}")]


def test_a_model_on_chips(atlas: Atlas) -> None:
    assert atlas.found(check) == []
    assert atlas.found(check, "ok")[0][0] == "resnext101_32x4d.Ascend310.om is for Ascend310, gears 1, 2"


def test_an_om_for_another_chip(atlas: Atlas) -> None:
    atlas.chips(*[("310P3", "OK")] * 4)
    what = "resnext101_32x4d has no OM for Ascend310P3, the chip that is here (it has Ascend310)"
    assert atlas.found(check) == [(what, f"{AGAIN} Ascend310P3")]


def test_chips_of_two_kinds(atlas: Atlas) -> None:
    atlas.chips(("310", "OK"), ("310P3", "OK"))
    assert [remedy for _, remedy in atlas.found(check)] == [f"{AGAIN} Ascend310P3"]
    shutil.copy(atlas.om, atlas.om.parent / "other.om")
    write_manifest(atlas.om.parent, artifacts=[*artifacts(atlas), *artifacts(atlas, file="other.om", soc="Ascend310P3")])
    assert atlas.found(check)[0][0] == "The chips are of different types: Ascend310 and Ascend310P3"


def test_a_chip_that_is_not_known(atlas: Atlas) -> None:
    atlas.path("/usr/local/bin/npu-smi").unlink()
    assert atlas.found(check) == []
    what = "whether the chips are Ascend310, as the OM needs, is not known"
    assert atlas.found(check, "note") == [(what, "See their name: sudo npu-smi info")]
    shutil.copy(atlas.om, atlas.om.parent / "other.om")
    both = [*artifacts(atlas), *artifacts(atlas, file="other.om", soc="Ascend310P3")]
    write_manifest(atlas.om.parent, artifacts=both)
    what, remedy = atlas.found(check)[0]
    assert what.startswith("Model 'resnext101_32x4d' has OMs for Ascend310 and Ascend310P3, and the type of the chip is unknown")
    assert remedy == "Let this user run npu-smi, or keep only the chip's OM in the manifest."


def test_an_om_without_aipp(atlas: Atlas) -> None:
    write_manifest(atlas.om.parent, artifacts=list(artifacts(atlas, command="atc --framework=5 --soc_version=Ascend310")))
    what = "resnext101_32x4d.Ascend310.om was compiled without AIPP: it takes float pixels, the pipeline sends bytes"
    assert atlas.found(check) == [(what, f"{AGAIN} Ascend310")]


def test_an_aipp_config_that_is_not_the_recipe(atlas: Atlas) -> None:
    config = atlas.om.parent / "aipp.config"
    config.write_text(config.read_text().replace("rbuv_swap_switch : true", "rbuv_swap_switch : false"))
    ((what, remedy),) = atlas.found(check)
    assert what.startswith("aipp.config: ")
    assert remedy


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"soc": "Ascend310P3"}, "the target Ascend310P3, not Ascend310"), ({"batch_sizes": [1]}, "the batch sizes 1, not 1,2")],
)
def test_an_om_that_is_not_the_manifests(atlas: Atlas, changes: dict[str, object], what: str) -> None:
    tell_provenance(atlas.om, **changes)
    ((found, remedy),) = atlas.found(check)
    assert found.endswith(f"the artifact has {what}")
    assert "ascend-classify convert" in remedy


def test_an_om_that_is_cut_off(atlas: Atlas) -> None:
    atlas.om.write_bytes(atlas.om.read_bytes()[:-1])
    tell_provenance(atlas.om)
    checksum, damage = (what for what, _ in atlas.found(check))
    assert checksum.startswith("resnext101_32x4d.Ascend310.om: sha256: ")
    assert damage.endswith("is cut off or damaged: its header announces 7 bytes, but 6 follow")


def test_the_oms_own_mode_owner_and_place(atlas: Atlas) -> None:
    atlas.om.chmod(0o644)
    ((what, remedy),) = atlas.found(check)
    assert "mode 0644, and the vendor's runtime refuses more than 0640" in what
    assert remedy == f"chmod 640 {atlas.om}"
    atlas.om.chmod(0o640)
    os.chown(atlas.om, 0, 9000)
    ((what, remedy),) = atlas.found(check, "note")
    assert what.startswith(f"{atlas.om} belongs to root, not to uid 9000")
    assert remedy == f"sudo chown 9000 {atlas.om}"
    atlas.om.rename(atlas.om.parent / "elsewhere")
    atlas.om.symlink_to(atlas.om.parent / "elsewhere")
    assert atlas.found(check)[0] == (
        f"{atlas.om} is a link, which the SDK does not load",
        f'cp --remove-destination "$(readlink -f {atlas.om})" {atlas.om}',
    )


def test_files_that_cannot_be_read(atlas: Atlas) -> None:
    os.chown(atlas.om, 0, 0)
    ((what, remedy),) = atlas.found(check)
    assert (what, remedy) == (f"{atlas.om} cannot be read by uid 9000", f"sudo chown 9000 {atlas.om} && sudo chmod 640 {atlas.om}")


def test_a_damaged_provenance(atlas: Atlas) -> None:
    atlas.om.with_name(f"{atlas.om.name}.json").write_text(json.dumps({"om_sha256": "0" * 64, "soc": "Ascend310", "batch_sizes": [1, 2]}))
    ((what, remedy),) = atlas.found(check)
    assert "does not say for which recipe" in what
    assert remedy.startswith(f"Compile it again: {AGAIN} Ascend310 --batch-sizes 1,2")


def test_a_pipeline_of_ones_own(small: Path, tmp_path: Path) -> None:
    (tmp_path / "own.pipeline").write_text('{"s": }')
    found = on_cpu(small, pipeline=tmp_path / "own.pipeline")
    assert found[0].status == "problem"
    assert found[0].what.startswith("own.pipeline: ")
    gone = on_cpu(small, pipeline=tmp_path / "gone.pipeline")[0]
    assert (gone.status, gone.what) == ("problem", f"The file {tmp_path}/gone.pipeline does not exist")
