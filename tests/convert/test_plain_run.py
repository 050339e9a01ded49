from pathlib import Path

import numpy as np
import pytest

from convert.plain_run import PlainRun
from models.store import StoredModel
from tests.convert.conftest import Run


@pytest.mark.parametrize("name", ["cat", "coffee"])
def test_the_network_behind_the_recipe(efficientnet: StoredModel, photos: dict[str, np.ndarray], run: Run, name: str) -> None:
    recipe, pixels = efficientnet.manifest.recipe, photos[name]
    picture = ((pixels[None, :, :, ::-1] - np.array(recipe.mean)) / np.array(recipe.std)).transpose(0, 3, 1, 2).astype(np.float32)
    artifact: Path = efficientnet.check_artifact("cpu")[1]
    np.testing.assert_allclose(PlainRun(efficientnet).logits(picture), run(artifact, pixels[None])[0], atol=1e-4)
