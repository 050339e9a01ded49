"""What the protocol tells of the server and of a model: metadata, configuration, labels. The names of fields are the protocol's."""

from importlib.metadata import version

from models.chinese_names import chinese_names
from server.oip.class_labels import labels_of
from server.oip.infer_reply import BEST, CLASSES, LABELS, PROBABILITIES, SCORES
from server.oip.infer_request import IMAGE
from server.oip.protocol_reply import ProtocolReply
from server.oip.tensors import BYTES, FP32, INT64
from server.serving.served_model import ServedModel

SERVER_NAME = "ascend-classify"
EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "model_repository", "parameters", "statistics")
CHINESE = "zh"
"""The language that labels may be translated to."""
ANY = -1
"""A dimension that may have any size."""
_CONFIG_TYPES = {BYTES: "TYPE_STRING", FP32: "TYPE_FP32", INT64: "TYPE_INT64"}


class ServerMetadata(ProtocolReply):
    """The server and the extensions of the protocol that it has."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(ProtocolReply):
    """An input or an output; -1 is a dimension of any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(ProtocolReply):
    """A model's inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class TensorConfig(ProtocolReply):
    """An input or an output in a configuration: its dimensions without the first one, the images."""

    name: str
    data_type: str
    dims: list[int]
    label_filename: str | None = None


class ModelConfiguration(ProtocolReply):
    """A model as Triton's ModelConfig tells it, in the part that has a meaning here."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]


class ModelLabels(ProtocolReply):
    """The labels of all classes, by class id. `language` is that of translated ones; without it they are the model's own."""

    name: str
    version: str
    labels: list[str]
    language: str | None = None


def server_metadata() -> ServerMetadata:
    """The server."""
    return ServerMetadata(name=SERVER_NAME, version=version(SERVER_NAME), extensions=list(EXTENSIONS))


def model_metadata(served: ServedModel) -> ModelMetadata:
    """A model. The shape of the image is [N, 1], as Triton's is for a model that takes batches; [N] is taken too."""
    manifest = served.model.manifest
    return ModelMetadata(
        name=manifest.name,
        versions=[manifest.version],
        platform=_platform(served),
        inputs=[TensorMetadata(name=IMAGE, datatype=BYTES, shape=[ANY, 1])],
        outputs=[TensorMetadata(name=name, datatype=datatype, shape=[ANY, size]) for name, datatype, size in _outputs(manifest.classes)],
    )


def model_configuration(served: ServedModel, max_items: int) -> ModelConfiguration:
    """The configuration of a model; a request may hold `max_items` images."""
    manifest = served.model.manifest
    outputs = [
        TensorConfig(name=name, data_type=_CONFIG_TYPES[datatype], dims=[size], label_filename=manifest.labels if name == SCORES else None)
        for name, datatype, size in _outputs(manifest.classes)
    ]
    image = TensorConfig(name=IMAGE, data_type=_CONFIG_TYPES[BYTES], dims=[1])
    return ModelConfiguration(
        name=manifest.name,
        platform=_platform(served),
        backend=SERVER_NAME,
        max_batch_size=max_items,
        input=[image],
        output=outputs,
    )


def model_labels(served: ServedModel, language: str = "") -> ModelLabels:
    """The labels of a model, in Chinese if that is asked for and it has them; raises ArtifactDamaged."""
    manifest, labels = served.model.manifest, labels_of(served.model)
    translated = chinese_names(served.model, labels) if language == CHINESE else ()
    return ModelLabels(
        name=manifest.name, version=manifest.version, labels=list(translated or labels), language=language if translated else None
    )


def _platform(served: ServedModel) -> str:
    """The project, and the engine that answers."""
    return f"{SERVER_NAME}_{served.engine.name}"


def _outputs(classes: int) -> list[tuple[str, str, int]]:
    best = min(BEST, classes)
    return [(SCORES, FP32, classes), (CLASSES, INT64, best), (LABELS, BYTES, best), (PROBABILITIES, FP32, best)]
