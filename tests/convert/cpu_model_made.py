"""The CPU artifact of weights that no checkpoint holds."""

from collections.abc import Mapping

import numpy as np
import onnx

from convert.fold import fold
from convert.networks.architectures import build_network
from models.manifest import ModelManifest


def cpu_model(manifest: ModelManifest, weights: Mapping[str, np.ndarray], batch_sizes: tuple[int, ...]) -> onnx.ModelProto:
    """The manifest's network and recipe in one; raises ConvertError."""
    network = build_network(manifest.architecture, weights, manifest.classes, manifest.recipe.network_size_px)
    return fold(network, manifest, batch_sizes)
