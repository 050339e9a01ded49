"""Makes the manifest of a model that is new to the store."""

from pydantic import ValidationError

from convert.conversion_errors import ConvertError
from models.manifest import ModelManifest

_REMEDIES = {
    "name": "Choose another name.",
    "version": "Choose another version, in plain letters and digits.",
    "classes": "Train with fewer classes.",
    "description": "Give the file another name, in plain letters and digits.",
}


def new_manifest(**fields: object) -> ModelManifest:
    """The manifest with these fields; raises ConvertError that names the first wrong one."""
    try:
        return ModelManifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        remedy = _REMEDIES.get(field, f"Correct the {field}.")
        raise ConvertError(f"The model cannot be described: {field}: {first['msg']}.", remedy) from error
