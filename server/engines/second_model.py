"""Whether a CPU's engines compile their model a second time, so that one request alone uses all cores (LATENCY_MODE)."""

import logging
from functools import cache

from pipelines.cpu.process_memory import resident_bytes
from server.settings import Settings
from server.types import Runtime

logger = logging.getLogger(__name__)

MOST_COST = 2.5
"""The second model takes at most so many times the bytes of the file,"""
WORKING_MB = 5.0
"""and so much beside its weights."""
MOST_SHARE = 0.1
"""LATENCY_MODE=auto has it where that is less than this share of the process' memory at the start."""


@cache
def _first_bytes() -> int:
    """The memory of this process at the first decision, so that a reload decides the same."""
    return resident_bytes()


def wants_second_model(settings: Settings, runtime: Runtime, cores: int, devices: int, model_bytes: int) -> bool:
    """Decide it from the settings and the size of the model's file (0: not known), and log what it costs.

    Never on a chip; nor with one core, or with several devices, which share the cores.
    """
    if settings.latency_mode == "off" or runtime != "cpu" or cores < 2 or devices > 1:
        return False
    cost_mb, share_mb = MOST_COST * model_bytes / 1e6 + WORKING_MB, MOST_SHARE * _first_bytes() / 1e6
    if settings.latency_mode == "auto" and not (model_bytes and cost_mb < share_mb):
        logger.info("a request alone uses one core: a second model for all cores takes up to %.0f MB. LATENCY_MODE=on has it.", cost_mb)
        return False
    logger.info("a request alone uses all cores, by a second model that takes up to %.0f MB. LATENCY_MODE=off goes without.", cost_mb)
    return True
