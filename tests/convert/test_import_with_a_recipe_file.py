"""What an import takes from the file of `--recipe`."""

from pathlib import Path

import numpy as np
import pytest

from convert.conversion_errors import ConvertError
from convert.import_checkpoint import Wishes, import_checkpoint
from convert.preprocessing.recipe_choice import RecipeWishes
from models.store import ModelStore
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.convert.exports.exports_made import Export, step


def test_a_recipe_file_without_mean_and_deviation_says_none(tmp_path: Path) -> None:
    """For a network that does something to its pixels, and for one with a mean of its own among its tensors."""
    store = ModelStore(tmp_path / "store")
    (tmp_path / "recipe.toml").write_text('resize = "stretch"\ncolour_order = "BGR"')
    wishes = Wishes(recipe=RecipeWishes(file=tmp_path / "recipe.toml"))
    path = Export(before=(step("Mul", np.array(3, np.float32)),)).write(tmp_path / "net.onnx")
    with pytest.raises(ConvertError, match="cannot tell which pixels it takes"):
        import_checkpoint(path, store, wishes, progress=print)
    own = {"mean": np.array([0.5] * 3, np.float32).reshape(1, 3, 1, 1), "std": np.array([0.2] * 3, np.float32).reshape(1, 3, 1, 1)}
    path = write_torch_legacy(tmp_path / "own.pth", {**trained_weights("resnext_1-1_4x4d", 5), **own})
    with pytest.raises(ConvertError, match="The network normalises its pixels itself"):
        import_checkpoint(path, store, wishes, progress=print)
