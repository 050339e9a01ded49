from convert import conversion_errors
from convert.conversion_errors import ConvertError
from models.model_errors import ClassifyError


def test_the_tree_is_as_drawn() -> None:
    children = {kind.__name__: kind.code for kind in ConvertError.__subclasses__()}
    assert issubclass(ConvertError, ClassifyError)
    assert children == {
        "CheckpointRefused": "checkpoint_refused",
        "WeightsMissing": "weights_missing",
        "AippInvalid": "aipp_invalid",
        "AtcMissing": "atc_missing",
        "AtcFailed": "atc_failed",
        "OmInvalid": "om_invalid",
    }
    assert conversion_errors.__doc__ is not None
    assert all(name in conversion_errors.__doc__ for name in children)
