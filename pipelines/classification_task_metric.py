"""The script of the SDK's samples: `python pipelines/classification_task_metric.py RESULT_DIR LABELS OUT_DIR JSON_NAME`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the checkout instead of this folder

    from pipelines.task_metric import main

    sys.exit(main(sys.argv[1:]))
