from convert import errors
from convert.errors import CheckpointRefused, ConvertError, WeightsMissing
from models.errors import ClassifyError


def test_codes() -> None:
    assert [kind.code for kind in (ConvertError, CheckpointRefused, WeightsMissing)] == [
        "convert_error",
        "checkpoint_refused",
        "weights_missing",
    ]


def test_the_tree_is_as_drawn() -> None:
    children = {kind.__name__ for kind in ConvertError.__subclasses__()}
    assert issubclass(ConvertError, ClassifyError)
    assert children == {"CheckpointRefused", "WeightsMissing"}
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in children)
