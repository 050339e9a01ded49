"""ResNet in NumPy, written from the papers and not from the builder: what an ONNX network is held against."""

from collections.abc import Mapping

import numpy as np

from convert.networks.resnet_graph import ResNetGraph

Weights = Mapping[str, np.ndarray]


def logits(network: ResNetGraph, weights: Weights, image: np.ndarray) -> np.ndarray:
    """Float32 [N, 3, H, W] to [N, classes]."""
    x = relu(normalised(weights, "bn1", correlate(image, weights["conv1.weight"], 2, 3)))
    border = (0, 1) if network.same_pool else (1, 1)  # of pictures with even sides
    padded = np.pad(x, ((0, 0), (0, 0), border, border))
    x = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((4, 5))
    for stage, count in enumerate(network.blocks, start=1):
        for index in range(count):
            x = block(network, weights, x, f"layer{stage}.{index}.", 2 if stage > 1 and index == 0 else 1)
    return np.array(x.mean((2, 3)) @ weights["fc.weight"].T + weights["fc.bias"])


def block(network: ResNetGraph, weights: Weights, x: np.ndarray, name: str, stride: int) -> np.ndarray:
    """A basic block (3x3, 3x3) or a bottleneck (1x1, 3x3 in groups with the stride, 1x1), and its shortcut."""
    steps = [(stride, 1, 1), (1, 1, 1)] if network.basic else [(1, 0, 1), (stride, 1, network.cardinality), (1, 0, 1)]
    y = x
    for number, (step, padding, groups) in enumerate(steps, start=1):
        parts = zip(np.split(y, groups, 1), np.split(weights[f"{name}conv{number}.weight"], groups), strict=True)
        y = normalised(weights, f"{name}bn{number}", np.concatenate([correlate(part, kernel, step, padding) for part, kernel in parts], 1))
        y = relu(y) if number < len(steps) else y
    if network.squeeze:
        first, second = (weights[f"{name}se.{part}.weight"][:, :, 0, 0] for part in ("fc1", "fc2"))
        gate = relu(y.mean((2, 3)) @ first.T + weights[f"{name}se.fc1.bias"]) @ second.T + weights[f"{name}se.fc2.bias"]
        y = y / (1 + np.exp(-gate))[:, :, None, None]
    if f"{name}downsample.0.weight" in weights:
        x = normalised(weights, f"{name}downsample.1", correlate(x, weights[f"{name}downsample.0.weight"], stride, 0))
    return relu(y + x)


def relu(x: np.ndarray) -> np.ndarray:
    """Negative elements become 0."""
    return np.array(np.maximum(x, 0))


def correlate(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """A convolution of [N, C, H, W] with kernels [O, C, h, w]."""
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.array(np.moveaxis(np.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3))), -1, 1))


def normalised(weights: Weights, name: str, x: np.ndarray) -> np.ndarray:
    """Batch normalisation with the running statistics."""
    gamma, beta, mean, variance = (
        weights[f"{name}.{part}"].reshape(-1, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.array((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)
