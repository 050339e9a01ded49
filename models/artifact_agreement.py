"""Holds an artifact against the manifest, so that neither is served with the other's words."""

from collections.abc import Iterator
from pathlib import Path

from models.artifact_facts import ArtifactFacts, network_size_px, read_artifact_facts
from models.manifest import CPU, Artifact, ModelManifest
from models.model_errors import ArtifactStale
from models.rebuild_command import adopt_command, fold_command, rebuild_remedy

SHOWN = 12  # characters of a hash

ORIGINS = {False: "compiled in", True: "declared by hand"}

Pair = tuple[str, object, object]
"""A fact, as the artifact has it, and as the manifest has it."""


def check_agreement(manifest: ModelManifest, artifact: Artifact, folder: Path, *, network_only: bool = False) -> None:
    """Raise ArtifactStale unless the artifact says of itself what the manifest says of it; `folder` is the model's.

    With `network_only` the recipe and what follows from it may differ: the caller takes the network out of it.
    """
    path = folder / artifact.file
    facts = read_artifact_facts(path)
    if not facts.recipe_sha256:
        raise ArtifactStale(f"{path} does not say for which recipe it was made.", _made_again(manifest, artifact, folder))
    pairs = [*_of_the_network(manifest, facts), *(() if network_only else _of_the_recipe(manifest, artifact, facts))]
    wrong = [f"{what} {have}, not {want}" for what, have, want in pairs if have != want]
    if wrong:
        remedy = _renewal(manifest, artifact, folder, facts)
        raise ArtifactStale(f"{path} and the manifest of {manifest.name!r} disagree: the artifact has {'; '.join(wrong)}.", remedy)


def _of_the_network(manifest: ModelManifest, facts: ArtifactFacts) -> Iterator[Pair]:
    yield "the name", facts.model, manifest.name
    yield "the version", facts.version, manifest.version
    yield "the number of classes", facts.classes, manifest.classes


def _of_the_recipe(manifest: ModelManifest, artifact: Artifact, facts: ArtifactFacts) -> Iterator[Pair]:
    yield "the precision", facts.precision or "not said", artifact.computes or "not said"
    yield "the recipe", facts.recipe_sha256[:SHOWN], manifest.recipe.sha256[:SHOWN]
    yield "the batch sizes", _listed(facts.batch_sizes), _listed(artifact.batch_sizes)
    yield "the target", facts.soc, artifact.soc
    yield "the scores", facts.score_type, artifact.score_type
    yield "a recipe that was", ORIGINS[facts.declared], ORIGINS[artifact.declared]
    if facts.soc != CPU:
        yield "the provenance of the file", facts.sha256[:SHOWN], artifact.sha256[:SHOWN]


def _listed(sizes: tuple[int, ...]) -> str:
    return ",".join(map(str, sizes)) or "none"


def _renewal(manifest: ModelManifest, artifact: Artifact, folder: Path, facts: ArtifactFacts) -> str:
    """The command that makes the artifact as the manifest says: the recipe is folded in again wherever the network takes its pixels."""
    fits = facts.classes == manifest.classes and network_size_px(folder / artifact.file) == manifest.recipe.network_size_px
    if facts.soc == CPU == artifact.soc and fits:
        return f"If its weights are right, put the manifest's recipe into it: {fold_command(manifest, folder)}"
    return _made_again(manifest, artifact, folder)


def _made_again(manifest: ModelManifest, artifact: Artifact, folder: Path) -> str:
    if artifact.soc == CPU or artifact.command:
        return rebuild_remedy(manifest, folder, artifact.soc, artifact.computes)
    return f"If you know what it takes and gives, declare it: {adopt_command(manifest, folder, artifact, str(folder / artifact.file))}"
