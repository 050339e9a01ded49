"""AIPP, the preprocessing that ATC compiles into an OM: rendered from the recipe, read back, and held against it."""

from convert.aipp.check import check_aipp
from convert.aipp.config import AippConfig
from convert.aipp.recipe import AippSource, aipp_of
from convert.aipp.text import parse_aipp, read_aipp, render_aipp

__all__ = ["AippConfig", "AippSource", "aipp_of", "check_aipp", "parse_aipp", "read_aipp", "render_aipp"]
