"""What the store and the zoo have."""

from pathlib import Path

from models.store import ModelStore, zoo_names
from models.store_listing import ListedModel, list_models
from tests.ascend_double.double import store_om_model
from tests.level_model import store_level_model


def test_the_models_of_the_store_and_of_the_zoo(tmp_path: Path) -> None:
    model = store_om_model(tmp_path)
    store_level_model(tmp_path, "damaged")
    (tmp_path / "damaged/manifest.toml").write_text("name = 1")
    listed = {each.name: each for each in list_models(ModelStore(tmp_path))}
    assert list(listed) == sorted(["damaged", "level", *zoo_names()])
    size = sum(path.stat().st_size for path in model.folder.iterdir())
    assert listed["level"] == ListedModel("level", prepared=True, manifest=model.manifest, size_bytes=size)
    assert listed["level"].targets == ("cpu", "Ascend310")
    assert (listed["resnext_digits"].prepared, listed["resnext_digits"].size_bytes, listed["resnext_digits"].targets) == (False, 0, ())
    damaged = listed["damaged"]
    assert (damaged.prepared, damaged.manifest, damaged.size_bytes > 0, damaged.targets) == (True, None, True, ())
    assert "manifest.toml" in damaged.problem


def test_an_artifact_for_another_recipe_is_a_problem(tmp_path: Path) -> None:
    model = store_om_model(tmp_path)
    manifest = model.manifest.model_copy(update={"recipe": model.manifest.recipe.model_copy(update={"mean": (1.0, 2.0, 3.0)})})
    manifest.write(model.folder / "manifest.toml")
    problem = next(each.problem for each in list_models(ModelStore(tmp_path)) if each.name == "level")
    assert "disagree: the artifact has the recipe " in problem
    assert "ascend-classify convert cpu level" in problem
    (model.folder / model.manifest.artifacts[0].file).unlink()
    problem = next(each.problem for each in list_models(ModelStore(tmp_path)) if each.name == "level")
    assert f"{model.folder / model.manifest.artifacts[0].file} is missing." in problem
