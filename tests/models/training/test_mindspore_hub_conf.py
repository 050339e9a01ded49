import pytest

from models.model_errors import ModelNotFound
from models.training.mindspore_hub_conf import create_network


def test_networks_by_name() -> None:
    network = create_network("resnext50", num_classes=7)
    assert network.fc.weight.shape == (7, 2048)
    assert dict(network.parameters_and_names())["layer1.0.conv2.weight"].shape == (128, 4, 3, 3)
    with pytest.raises(ModelNotFound, match="The network 'vgg' is not known"):
        create_network("vgg")
