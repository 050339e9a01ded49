from pathlib import Path

import numpy as np
import pytest

from convert.plain_run import PlainRun, network_input
from models.store import StoredModel
from tests.convert.conftest import Run


@pytest.mark.parametrize("name", ["cat", "coffee"])
def test_the_network_behind_the_recipe(efficientnet: StoredModel, photos: dict[str, np.ndarray], run: Run, name: str) -> None:
    pixels = photos[name]
    picture = network_input(pixels, efficientnet.manifest.recipe)
    artifact: Path = efficientnet.check_artifact("cpu")[1]
    np.testing.assert_allclose(PlainRun(efficientnet).logits(picture), run(artifact, pixels[None])[0], atol=1e-4)
