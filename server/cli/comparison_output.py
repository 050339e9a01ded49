"""`evaluate --compare`: two finished runs, in words, as JSON and as a page."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from server.settings import Settings
from server.words.language import Language

if TYPE_CHECKING:
    from server.evaluation.dataset.labelled_set import LabelledSet
    from server.evaluation.run.run_manifest import RunManifest


def compare_runs(
    settings: Settings,
    a: str,
    b: str,
    images: Path | None,
    labels: Path | None,
    label_map: list[str] | None,
    *,
    report: Path | None,
    html: Path | None,
    language: Language,
) -> str:
    """Write what was asked for, and return the summary; raises RunInvalid.

    `images` is the set of the runs, for the pictures; without a map of labels it is opened with the groups that the runs kept.
    """
    from server.evaluation.report.comparison_html import render_comparison
    from server.evaluation.report.run_comparison import compare
    from server.evaluation.report.thumbnails import named_thumbnails
    from server.evaluation.run.run_folder import find_run, write_whole

    runs = [find_run(name, settings.evaluation_dir).comparable() for name in (a, b)]
    found = compare(*runs)
    if report:
        write_whole(report, found.as_json())
    if html:
        thumbnails = {}
        if images:
            pictures = _set_of(settings, images, labels, label_map, [run.manifest for run in runs])
            flipped = [image.name for image in found.flipped]
            thumbnails = named_thumbnails(flipped, pictures, settings.max_body_bytes, settings.max_image_pixels)
        write_whole(html, render_comparison(found, thumbnails, language))
    return found.as_text()


def _set_of(
    settings: Settings, images: Path, labels: Path | None, label_map: list[str] | None, manifests: "list[RunManifest]"
) -> "LabelledSet":
    """The list of the runs, opened as it was for the last of them; raises DatasetInvalid."""
    from models.store import ModelStore
    from server.evaluation.dataset.root_files import RootFiles
    from server.evaluation.dataset.set_opening import open_labelled_set

    manifest = manifests[-1]
    class_names = ModelStore(settings.model_store).open(manifest.model).read_class_names()
    groups = ",".join(label_map or (f"{label}={','.join(map(str, ids))}" for label, ids in manifest.groups.items()))
    contents = RootFiles(images, follow_links=True)
    found = open_labelled_set(contents, labels and labels.absolute(), class_names, limit=manifest.limit, label_map=groups)
    if found.sha256 not in {each.list_sha256 for each in manifests}:
        raise typer.BadParameter("these images and labels are not those of the two runs", param_hint="IMAGES")
    return found
