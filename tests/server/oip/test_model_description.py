"""Metadata, configuration and labels agree with each other and with the answers."""

from server.oip.model_description import EXTENSIONS, model_configuration, model_labels, model_metadata, server_metadata
from tests.server.oip.served_app import ServedApp


def test_the_server() -> None:
    found = server_metadata()
    assert found.name == "ascend-classify"
    assert set(found.extensions) == set(EXTENSIONS)


def test_metadata_and_configuration_agree(served: ServedApp) -> None:
    model = served.service.models.default.served
    metadata, config = model_metadata(model), model_configuration(model, 32)
    assert [each.shape for each in metadata.inputs] == [[-1, *each.dims] for each in config.input] == [[-1, 1]]
    assert (
        [each.shape for each in metadata.outputs] == [[-1, *each.dims] for each in config.output] == [[-1, 64], [-1, 5], [-1, 5], [-1, 5]]
    )
    assert [each.data_type for each in config.output] == ["TYPE_FP32", "TYPE_INT64", "TYPE_STRING", "TYPE_FP32"]
    assert (config.max_batch_size, config.output[0].label_filename) == (32, "level.names")


def test_the_labels(served: ServedApp) -> None:
    found = model_labels(served.service.models.default.served)
    assert (found.name, found.version, len(found.labels), found.labels[22]) == ("level", "1", 64, "level 88")
