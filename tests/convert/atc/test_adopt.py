"""OMs that do not say where they come from."""

import json
import shutil
from pathlib import Path

import pytest

from convert.atc.adopt import Declaration, adopt
from convert.conversion_errors import ConvertError, OmInvalid
from models.artifact_facts import provenance_path
from models.model_errors import ArtifactDamaged, ArtifactStale, ModelNotPrepared
from models.store import ZOO, ModelStore, sha256_of, zoo_manifest
from tests.convert.atc.atc_made import stored_model
from tests.convert.inspection.models_made import make_om

RECIPE = 'resize = "stretch:64"\nscale = 1\ncolour_order = "BGR"\ninterpolation = "area"\n'


@pytest.fixture
def om(tmp_path: Path) -> Path:
    make_om(tmp_path / "foreign.om")
    return tmp_path / "foreign.om"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def test_into_a_model_of_the_store(store: ModelStore, om: Path) -> None:
    before = stored_model(store.root).manifest
    adopt(om, store, "means", Declaration("logit", "Ascend310P3", (1, 4)))
    model = store.open("means")
    artifact, path = model.check_artifact("Ascend310P3")
    assert (artifact.declared, artifact.score_type, artifact.batch_sizes, artifact.command) == (True, "logit", (1, 4), "")
    assert path.read_bytes() == om.read_bytes()
    assert model.manifest.artifact("cpu") == before.artifact("cpu")
    told = json.loads(provenance_path(path).read_text())
    assert (told["declared"], told["recipe_sha256"], told["om_sha256"]) == (True, before.recipe.sha256, sha256_of(om))


def test_it_may_lie_in_the_model_already(store: ModelStore, om: Path) -> None:
    """As the command of a refusal names it."""
    folder = stored_model(store.root).folder
    adopt(om, store, "means", Declaration("logit"))
    own = folder / "means.Ascend310.om"
    adopt(own, store, "means", Declaration("probability"))
    assert store.open("means").check_artifact("Ascend310")[0].score_type == "probability"
    assert sorted(path.name for path in folder.iterdir() if ".om" in path.name) == ["means.Ascend310.om", "means.Ascend310.om.json"]


def test_what_was_declared_holds_for_its_recipe_only(store: ModelStore, om: Path) -> None:
    folder = stored_model(store.root).folder
    manifest = adopt(om, store, "means", Declaration("logit")).manifest
    recipe = manifest.recipe.model_copy(update={"colour_order": "BGR"})
    manifest.model_copy(update={"recipe": recipe}).write(folder / "manifest.toml")
    with pytest.raises(ArtifactStale) as caught:
        store.open("means").check_artifact("Ascend310")
    command = f"models adopt {folder}/means.Ascend310.om means --soc Ascend310 --batch-sizes 1 --score-type logit"
    assert command in caught.value.remedy


def test_a_model_of_the_zoo(store: ModelStore, om: Path) -> None:
    model = adopt(om, store, "resnext101_32x4d", Declaration("logit"))
    assert model.manifest.recipe == zoo_manifest("resnext101_32x4d").recipe
    assert model.manifest.version == sha256_of(om)[:8]
    assert model.check_artifact("Ascend310")
    assert len(model.read_class_names()) == 1000


def test_labels_of_a_model_of_the_zoo_must_be_the_zoos(store: ModelStore, om: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("".join(f"mine {number}\n" for number in range(1000)))
    with pytest.raises(ConvertError, match=r"mine.txt has other labels than 'resnext101_32x4d'\. Leave out --labels"):
        adopt(om, store, "resnext101_32x4d", Declaration("logit", labels=tmp_path / "mine.txt"))
    assert store.names() == []
    assert adopt(om, store, "resnext101_32x4d", Declaration("logit", labels=ZOO / "imagenet.names"))


def test_no_remedy_of_an_adopted_om_deletes_it(store: ModelStore, om: Path) -> None:
    """Its weights are not those of the zoo, which `models prepare --force` would put in its place."""
    model = adopt(om, store, "efficientnet_lite0", Declaration("logit"))
    with pytest.raises(ModelNotPrepared, match=r"convert cpu efficientnet_lite0 --network FILE\.onnx"):
        model.check_artifact("cpu")
    (model.folder / "imagenet.names").unlink()
    with pytest.raises(ArtifactDamaged, match="Put the labels of the model back"):
        model.check_labels()


@pytest.mark.parametrize("sizes", [(8, 4, 2, 1), (0,), (-1, 1), (2, 2)])
def test_batch_sizes_that_are_not_rising(store: ModelStore, om: Path, sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConvertError, match=r"not rising positive numbers\. Write them as --batch-sizes 1,2,4,8"):
        adopt(om, store, "resnext101_32x4d", Declaration("logit", batch_sizes=sizes))


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), ("猫\n狗\n".encode("gbk"), "is not UTF-8.*GBK")], ids=["missing", "GBK"]
)
def test_labels_that_cannot_be_read(store: ModelStore, om: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    if content:
        (tmp_path / "mine.txt").write_bytes(content)
    with pytest.raises(ConvertError, match=message):
        adopt(om, store, "mine", Declaration("logit", recipe=tmp_path / "recipe.toml", labels=tmp_path / "mine.txt"))


def test_a_comment_before_the_labels_is_not_a_class(store: ModelStore, om: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "mine.txt").write_text("# my classes\na\nb\n\n")
    model = adopt(om, store, "mine", Declaration("logit", recipe=tmp_path / "recipe.toml", labels=tmp_path / "mine.txt"))
    assert model.read_class_names() == ("a", "b")


def test_a_model_of_ones_own(store: ModelStore, om: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "mine.txt").write_text("a\nb\nc\n")
    model = adopt(om, store, "mine", Declaration("logit", recipe=tmp_path / "recipe.toml", labels=tmp_path / "mine.txt"))
    assert model.manifest.transform
    assert model.manifest.transform.interpolation == "area"
    assert (model.manifest.classes, model.manifest.recipe.colour_order, model.read_class_names()) == (3, "BGR", ("a", "b", "c"))
    assert model.check_artifact("Ascend310")[0].declared


def test_what_is_refused(store: ModelStore, om: Path, tmp_path: Path) -> None:
    stored_model(store.root)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "names.txt").write_text("x\ny\nz\n")
    with pytest.raises(ConvertError, match=r"differs from that of 'means': .*colour_order BGR, not RGB"):
        adopt(om, store, "means", Declaration("logit", recipe=tmp_path / "recipe.toml"))
    with pytest.raises(ConvertError, match="has other labels than 'means'"):
        adopt(om, store, "means", Declaration("logit", labels=tmp_path / "names.txt"))
    with pytest.raises(ConvertError, match=r"nothing says what .* Add --recipe FILE.toml and --labels FILE"):
        adopt(om, store, "mine", Declaration("logit"))
    with pytest.raises(OmInvalid):
        adopt(Path(shutil.copy(tmp_path / "recipe.toml", tmp_path / "no.om")), store, "means", Declaration("logit"))
    assert store.names() == ["means"]
    assert [artifact.soc for artifact in store.open("means").manifest.artifacts] == ["cpu"]
