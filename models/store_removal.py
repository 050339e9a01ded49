"""Removes a model from the store: all of it or nothing."""

from models.model_errors import ModelNotFound, StoreRefused
from models.store import ModelStore
from models.store_writer import locked, workshop


def remove_model(store: ModelStore, name: str) -> None:
    """Delete a model and its files, also one whose manifest is damaged. A server that has loaded it goes on with it.

    After any error, even a kill, the store holds the complete model or none. Raises ModelNotFound, StoreRefused.
    """
    store.check_takes_models()
    if name not in store.names():
        known = ", ".join(store.names()) or "none"
        raise ModelNotFound(f"The model {name!r} is not in {store.root}.", f"Models that are there: {known}")
    try:
        with workshop(store.root) as place, locked(store.root):
            (store.root / name).rename(place / "removed")  # one step; the workshop is deleted at its end, or by the next one
    except OSError as error:
        raise StoreRefused(f"{store.root / name}: {error}.", "Make sure that the model store is writable.") from error
