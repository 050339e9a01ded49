"""Inspects the files that people write by hand: aipp.config and pipelines."""

from pathlib import Path

from convert.aipp import check_aipp, read_aipp
from convert.conversion_errors import AippInvalid, ConvertError
from convert.inspection.context import Context
from convert.inspection.findings import Inspection, Remark, agree
from models.manifest import ModelManifest
from models.model_errors import ClassifyError
from pipelines.classification import ClassificationConfig, read_labels
from pipelines.cpu.text.spec import ElementSpec, StreamSpec, parse_pipeline

MAX_PIPELINE_BYTES = 16 << 20


def inspect_aipp(path: Path, context: Context) -> Inspection:
    """Inspect an aipp.config, and compare its effect with the manifest in the same folder."""
    facts: dict[str, object] = {}
    findings = [*context.findings]
    try:
        config = read_aipp(path)
        crop = f"{config.crop_size_w}x{config.crop_size_h} from {config.load_start_pos_w}, {config.load_start_pos_h}"
        means = (config.mean_chn_0 + config.min_chn_0, config.mean_chn_1 + config.min_chn_1, config.mean_chn_2 + config.min_chn_2)
        facts = {
            "input": f"{config.input_format} {config.src_image_size_w}x{config.src_image_size_h}",
            "crop": crop if config.crop else "none",
            "csc": "on" if config.csc_switch else "off",
            "rbuv swap": "on" if config.rbuv_swap_switch else "off",
            "mean": ", ".join(f"{mean:.15g}" for mean in means),
            "1 / deviation": f"{config.var_reci_chn_0:.15g}, {config.var_reci_chn_1:.15g}, {config.var_reci_chn_2:.15g}",
        }
        findings.append(Remark(fits=True, what="ATC can read it"))
        if context.manifest:
            check_aipp(config, context.manifest)
            findings.append(Remark(fits=True, what=f"it does what {context.manifest.name} needs"))
    except AippInvalid as error:
        findings.append(Remark.of(error))
    return Inspection(str(path), "AIPP configuration", facts, tuple(findings))


def inspect_pipeline(path: Path) -> Inspection:
    """Inspect a pipeline, the files it names (relative to the working directory, as in the vendor's engine), and their model."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_PIPELINE_BYTES + 1)
        if len(text) > MAX_PIPELINE_BYTES:
            raise ConvertError(f"{path} has more than {MAX_PIPELINE_BYTES} bytes.", "A pipeline has a few KB.")
        streams = parse_pipeline(text)
    except ClassifyError as error:
        return Inspection(str(path), "pipeline", findings=(Remark.of(error),))
    facts: dict[str, object] = {
        f"stream {stream.name}": [f"{each.name} -> {', '.join(each.next) or 'end'}" for each in stream.elements.values()]
        for stream in streams
    }
    findings = [Remark(fits=True, what="the stream engine can read it")]
    for stream in streams:
        findings += _stream_findings(stream)
    return Inspection(str(path), "pipeline", facts, tuple(dict.fromkeys(findings)))


def _stream_findings(stream: StreamSpec) -> list[Remark]:
    findings = []
    for infer in stream.of_factory("mxpi_tensorinfer"):
        model = Path(str(infer.props["modelPath"]))
        there = model.is_file() or model.with_suffix(".onnx").is_file()
        remedy = "" if there else "The path is relative to the working directory; prepare or convert the model."
        findings.append(Remark(there, f"model {model}" + ("" if there else " is missing"), remedy))
        context = Context(model.parent)
        findings += context.findings
        if context.manifest:
            findings += _geometry(stream, context.manifest)
            for last in stream.of_factory("mxpi_classpostprocessor"):
                findings += _classes(last, context.manifest)
    return findings


def _geometry(stream: StreamSpec, manifest: ModelManifest) -> list[Remark]:
    remedy = f"Render the pipeline from the recipe of {manifest.name}, or change the element."
    if manifest.recipe.resize != "stretch":
        return []
    return [
        agree(
            f"{each.name}",
            f"{each.props['resizeWidth']}x{each.props['resizeHeight']}",
            "{}x{}".format(*manifest.recipe.input_size_px),
            remedy,
        )
        for each in stream.of_factory("mxpi_imageresize")
    ]


def _classes(last: ElementSpec, manifest: ModelManifest) -> list[Remark]:
    labels, config = str(last.props["labelPath"]), str(last.props["postProcessConfigPath"])
    try:
        classes = ClassificationConfig.of(last.props["postProcessConfigContent"], config).classes
        found = len(read_labels(Path(labels))) if labels else manifest.classes
    except (ValueError, OSError) as error:
        return [Remark(fits=False, what=f"{last.name}: {error}", remedy="The path is relative to the working directory.")]
    remedy = "CLASS_NUM and the labels must be those of the model."
    return [agree("CLASS_NUM", classes, manifest.classes, remedy), agree("labels", found, manifest.classes, remedy)]
