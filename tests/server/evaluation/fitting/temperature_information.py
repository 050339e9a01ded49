"""How exactly a temperature can be known: the Fisher information that the label of an image has of it."""

from math import ceil

from server.calibration.temperature import Floats, probabilities_of


def images_needed(logits: Floats, temperature: float, error: float) -> int:
    """The images, of the kind of these, for a standard error of this share of the temperature.

    If a label comes from softmax(logits / T), its information of 1/T is the variance of the logits under that softmax.
    """
    probabilities = probabilities_of(logits, temperature)
    mean = (probabilities * logits).sum(axis=1, keepdims=True)
    information = float((probabilities * (logits - mean) ** 2).sum(axis=1).mean())
    return ceil(temperature**2 / (information * error**2))
