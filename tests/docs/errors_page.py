"""docs/errors.md: the whole error tree, by code."""

from collections.abc import Iterator
from importlib import import_module

from models.model_errors import ClassifyError
from server.api.statuses import ANSWERED, status_of
from tests.docs.tables import code, table, words
from tests.test_house_rules import OFFLINE, SOURCES, is_below, module_name


def import_all() -> None:
    """Import everything that may hold an error; of training and of Ray, whose dependencies are not here, their errors."""
    for path in SOURCES:
        module = module_name(path)
        if (
            path.stem != "__main__"
            and module != "server.ray.application"
            and (not is_below(module, OFFLINE) or path.stem.endswith("_errors"))
        ):
            import_module(module)


def error_classes(root: type[ClassifyError] = ClassifyError) -> Iterator[type[ClassifyError]]:
    """Every error that has a code of its own or an inherited one; the branches above have none."""
    if root.code != ClassifyError.code:
        yield root
    for child in sorted(root.__subclasses__(), key=lambda each: (each.__module__, each.__qualname__)):
        yield from error_classes(child)


def errors() -> str:
    """Two tables: what is answered over HTTP, by status, and what is met at the command line."""
    import_all()
    found = list(dict.fromkeys(error_classes()))
    over_http = sorted((each for each in found if issubclass(each, ANSWERED)), key=lambda each: (status_of(each), each.code))
    answered = [(str(int(status_of(each))), code(each.code), *words(each.__doc__)) for each in over_http]
    offline = sorted((each for each in found if each not in over_http), key=lambda each: (each.code, each.__qualname__))
    said = [(code(each.code), *words(each.__doc__)) for each in offline]
    return "\n\n".join(
        (
            "## Over HTTP",
            table(("Status", "Code", "What happened", "What to do"), answered),
            "## At the command line",
            "These come besides those above, whose codes are the same at the command line.",
            table(("Code", "What happened", "What to do"), said),
        )
    )
