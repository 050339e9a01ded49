"""The curves of a run: two CSV files, which a resumed run continues, and a plot of them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from models.whole_file import whole_file

LOSS_COLUMNS = ("step", "epoch", "lr", "loss", "loss_scale", "images_per_s")
ACCURACY_COLUMNS = ("step", "epoch", "top1", "top5", "images")


def begin_curve(path: Path, columns: Sequence[str], after: int) -> None:
    """Begin a CSV file of rows by step, or continue it after that step: rows of later steps are removed, because they come again."""
    rows = [row for row in read_curve(path) if row[0] <= after] if after else []
    with whole_file(path, mode=None) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *([_text(value) for value in row] for row in rows)])


def add_to_curve(path: Path, *row: float) -> None:
    """Add a row, in the order of the columns. Epochs have fractions: 1.5 is the middle of the second."""
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([_text(value) for value in row])


def read_curve(path: Path) -> list[tuple[float, ...]]:
    """The rows of a CSV file; none if there is no file. Ignores a last line that a kill has cut short."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        columns, *rows = list(csv.reader(file)) or [[]]
    return [tuple(float(value) for value in row) for row in rows if len(row) == len(columns)]


def _text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def plot(loss: Path, accuracy: Path, picture: Path) -> None:
    """Draw loss and learning rate above, Top-1 and Top-5 below, against the epochs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    losses, accuracies = read_curve(loss), read_curve(accuracy)
    if not losses:
        return
    figure = Figure(figsize=(8, 6 if accuracies else 3.5), dpi=100, layout="constrained")
    upper, *lower = figure.subplots(2 if accuracies else 1, 1, sharex=True, squeeze=False)[:, 0]
    epochs = [row[1] for row in losses]
    upper.plot(epochs, [row[3] for row in losses], color="tab:blue", linewidth=1, label="loss")
    upper.set_ylabel("loss")
    rate = upper.twinx()
    rate.plot(epochs, [row[2] for row in losses], color="tab:orange", linewidth=1, label="learning rate")
    rate.set_ylabel("learning rate")
    upper.legend(handles=[*upper.lines, *rate.lines], loc="upper right")
    for axes in lower:
        for column, name in ((2, "Top-1"), (3, "Top-5")):
            axes.plot([row[1] for row in accuracies], [100 * row[column] / row[4] for row in accuracies], marker=".", label=name)
        axes.set_ylabel("correct, %")
        axes.legend(loc="lower right")
        axes.grid(alpha=0.3)
    (lower or [upper])[-1].set_xlabel("epoch")
    with whole_file(picture, mode=None, durable=False) as unfinished:
        FigureCanvasAgg(figure).print_png(str(unfinished))  # type: ignore[no-untyped-call]
