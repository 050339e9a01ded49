"""Makes a verified OM from a network: run ATC in a folder next to the target, check the result, then move it to the target."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convert.atc.command import PRECISION, AtcCommand, check_soc
from convert.atc.installation import AtcInstallation
from convert.atc.om import read_om_header
from convert.atc.om_facts import OmFacts, read_om_facts
from convert.atc.provenance import Provenance, converter, now, shell_line
from convert.atc.run import Progress, run_atc
from convert.atc.work_folder import WorkFolder, work_folder
from convert.conversion_errors import AtcFailed
from models.artifact_facts import provenance_path
from models.manifest import Artifact
from models.model_errors import ClassifyError
from models.store import sha256_of
from models.whole_file import FILE_MODE


@dataclass(frozen=True)
class CompiledOm:
    """A verified OM that is not at its target yet; `warnings` name the facts that could not be verified."""

    path: Path
    command: AtcCommand
    provenance: Provenance
    warnings: tuple[str, ...]

    def artifact(self, file: str) -> Artifact:
        """Its entry for a manifest, with this file name."""
        return Artifact(
            file=file,
            sha256=self.provenance.om_sha256,
            soc=self.command.soc,
            batch_sizes=self.command.batch_sizes,
            compiler=self.provenance.atc_version,
            command=self.provenance.command,
            precision=PRECISION,
        )

    def place(self) -> Path:
        """Move the OM to its target and write its provenance. The former provenance never stays next to the new OM."""
        target = self.command.om
        provenance_path(target).unlink(missing_ok=True)
        self.path.replace(target)
        self.provenance.write(provenance_path(target))
        return target


@contextmanager
def compiled(command: AtcCommand, atc: AtcInstallation, progress: Progress, time_limit_s: float | None = None) -> Iterator[CompiledOm]:
    """Run ATC and verify the result; at the end the OM is deleted unless it was moved.

    `X.om.log` next to the target keeps the whole log, also after a failure. Raises AtcFailed, OmInvalid.
    """
    try:
        with work_folder(command.om.parent) as work:
            log, kept = work.path / "log", command.om.with_name(f"{command.om.name}.log")
            log.touch(FILE_MODE)
            try:
                om = _compile(command, atc, work, log, progress, time_limit_s)
            except ClassifyError as error:
                log.replace(kept)
                raise type(error)(error.message, f"{error.remedy} The whole log: {kept}".strip()) from error
            log.replace(kept)
            yield om
    except OSError as error:
        raise AtcFailed(f"{command.om.parent}: {error}.", "Make sure that the folder is writable and has free space.") from error


def _compile(
    command: AtcCommand, atc: AtcInstallation, work: WorkFolder, log: Path, progress: Progress, time_limit_s: float | None
) -> CompiledOm:
    started = now()
    sources = {path: sha256_of(path) for path in (command.source, command.aipp)}
    out = work.path / "out"
    out.mkdir()
    arguments = command.arguments(out / command.om.name)
    run_atc(atc.command(arguments), log, work.path, progress, time_limit_s=time_limit_s, inherit=(work.lock,))

    made = sorted(out.glob("*.om"))  # CANN 7 and newer may append the name of the operating system
    if len(made) != 1:
        raise AtcFailed(f"ATC ended without an error and wrote {len(made)} OMs.", "See its log.")
    om = made[0]
    om.chmod(FILE_MODE)
    warnings = [warning for warning in (check_soc(command.soc), *read_om_header(om).warnings) if warning]
    facts, unread = _describe(atc, om, work, log, progress)
    warnings += unread or facts.check(command.om, command.soc, command.batch_sizes)
    provenance = Provenance(
        om=str(command.om),
        om_sha256=sha256_of(om),
        source=str(command.source),
        source_sha256=sources[command.source],
        aipp=str(command.aipp),
        aipp_sha256=sources[command.aipp],
        soc=command.soc,
        batch_sizes=command.batch_sizes,
        atc_version=f"ATC {facts.atc_version}" if facts.atc_version else "ATC",
        command=shell_line(command.arguments()),
        started=started,
        ended=now(),
        converter=converter(),
        precision=PRECISION,
    )
    return CompiledOm(om, command, provenance, tuple(warnings))


def _describe(atc: AtcInstallation, om: Path, work: WorkFolder, log: Path, progress: Progress) -> tuple[OmFacts, list[str]]:
    """ATC's description of the OM. If ATC cannot describe it, the OM is still usable; then returns a warning."""
    described = work.path / "om.json"
    arguments = ("--mode=1", f"--om={om}", f"--json={described}")
    try:
        run_atc(atc.command(arguments), log, work.path, progress, inherit=(work.lock,))
    except AtcFailed as error:
        return OmFacts(), [f"ATC could not describe the OM, so its chip and AIPP are not verified: {error.message}"]
    return read_om_facts(described), []
