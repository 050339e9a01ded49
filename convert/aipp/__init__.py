"""AIPP, the preprocessing that ATC compiles into an OM: render it from the recipe, parse it, compare it with the recipe."""

from convert.aipp.config import AippConfig
from convert.aipp.config_text import parse_aipp, read_aipp, render_aipp
from convert.aipp.manifest_check import check_aipp
from convert.aipp.recipe import AippSource, aipp_of

__all__ = ["AippConfig", "AippSource", "aipp_of", "check_aipp", "parse_aipp", "read_aipp", "render_aipp"]
