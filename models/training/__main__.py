"""python -m models.training: train, evaluate, export. Every key of default_config.yaml is a flag."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from models.model_errors import ClassifyError
from models.training.training_config import TYPES, Config, help_texts, load_config
from models.training.training_errors import TrainingInterrupted


def train(config: Config) -> None:
    """Train a network, or continue an interrupted training."""
    if config.enable_modelarts:
        from models.training.modelarts.job import run_job

        run_job(config)
        return
    from models.training.training import run_training

    run_training(config)


def evaluate(config: Config) -> None:
    """Measure Top-1 and Top-5 of a checkpoint on a data set."""
    from models.training.evaluation import run_evaluation

    run_evaluation(config)


def export(config: Config) -> None:
    """Write a checkpoint as ONNX, MINDIR or AIR."""
    from models.training.export import run_export

    run_export(config)


COMMANDS: dict[str, Callable[[Config], None]] = {"train": train, "eval": evaluate, "export": export}


# Programs with their own flags; none of them needs MindSpore.
TOOLS = {"labels": "label_list", "rank-table": "rank_table", "check": "environment_check", "digits": "digits"}


def parser() -> argparse.ArgumentParser:
    """The parser of the commands; every key of the configuration is a flag of each command."""
    root = argparse.ArgumentParser(
        prog="python -m models.training",
        description="ResNeXt in MindSpore, offline.",
        epilog=f"Also: {', '.join(TOOLS)}; each has its own --help.",
        allow_abbrev=False,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__, allow_abbrev=False)
        command.add_argument("--config", type=Path, help="YAML file of keys that differ from the defaults")
        for key, text in help_texts().items():
            command.add_argument(f"--{key}", help=text.replace("%", "%%"), metavar=key.upper())
        command.set_defaults(run=function)
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 for an error with a one-line message, 2 for wrong usage, 130 after an interrupt."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in TOOLS:
        tool = import_module(f"models.training.{TOOLS[arguments[0]]}")
        return int(tool.main(arguments[1:]))
    options, unknown = parser().parse_known_args(arguments)
    flags = {key: value for key in TYPES if (value := getattr(options, key)) is not None}
    flags |= {flag.lstrip("-").partition("=")[0]: "" for flag in unknown if flag.startswith("--")}
    if unknown and not any(flag.startswith("--") for flag in unknown):
        parser().error(f"unexpected: {' '.join(unknown)}")
    try:
        config = load_config(options.config, flags)
        if config.resume:
            from models.training.outputs_folder import resumed_config

            config = resumed_config(config, flags, options.config)
        options.run(config)
    except TrainingInterrupted as stop:
        sys.stderr.write(f"{stop}\n")
        return 130
    except ClassifyError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
