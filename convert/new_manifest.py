"""Makes the manifest of a model that is new to the store."""

from pydantic import ValidationError

from convert.conversion_errors import ConvertError
from models.manifest import ModelManifest


def new_manifest(**fields: object) -> ModelManifest:
    """The manifest with these fields; raises ConvertError that names the first wrong one."""
    try:
        return ModelManifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        remedy = "Train with fewer classes." if first["loc"][0] == "classes" else "Choose another name."
        raise ConvertError(f"The model cannot be described: {first['loc'][0]}: {first['msg']}.", remedy) from error
