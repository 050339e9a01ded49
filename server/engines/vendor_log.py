"""Where the SDK writes its log, for the person whose engine does not start."""

import os.path
from pathlib import Path

# Of SDK 7.x with the log_dir of its logging.conf, and of 2.0.x.
FOLDERS = ("~/log/mindxsdk/logs", "$MX_SDK_HOME/logs")


def remedy_at_start() -> str:
    """What to do when the SDK refuses to start: its log, and the command that finds the usual causes."""
    folders = [Path(os.path.expandvars(folder)).expanduser() for folder in FOLDERS]
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    return f"See the SDK's log in {folder}, and run: ascend-classify doctor"
