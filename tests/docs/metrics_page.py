"""docs/metrics.md: every instrument of the server."""

from prometheus_client.metrics import Histogram, MetricWrapperBase

from server.telemetry.metrics import LABELS, Metrics
from tests.docs.tables import code, table

UNITS = {"seconds": "seconds", "bytes": "bytes"}


def instruments() -> list[MetricWrapperBase]:
    """In the order in which they are made."""
    collectors = Metrics().registry._collector_to_names  # the registry has no public way to its instruments, only to their samples
    return [each for each in collectors if isinstance(each, MetricWrapperBase)]


def full_name(instrument: MetricWrapperBase) -> str:
    """As Prometheus has it."""
    name = str(instrument._name)
    return f"{name}_total" if instrument._type == "counter" else name


def metrics() -> str:
    """A table of the instruments, and one of their labels."""
    rows = []
    for each in instruments():
        unit = UNITS.get(full_name(each).rpartition("_")[2], "")
        labels = ", ".join(code(label) for label in each._labelnames)
        rows.append((code(full_name(each)), str(each._type), labels, unit, each._documentation))
    explained = [(code(name), text) for name, text in LABELS.items()]
    buckets = [
        (code(full_name(each)), ", ".join(f"{bound:g}" for bound in each._upper_bounds[:-1]))
        for each in instruments()
        if isinstance(each, Histogram)
    ]
    return "\n\n".join(
        (
            table(("Metric", "Type", "Labels", "Unit", "What it says"), rows),
            "## Labels",
            table(("Label", "Values"), explained),
            "## Buckets",
            table(("Histogram", "Upper bounds"), buckets),
        )
    )
