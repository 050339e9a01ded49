"""The coverages for which a calibration keeps thresholds. Nothing heavy is imported here: the command line shows the largest."""

WHOLE = 1000
"""Coverages are counted in thousandths: a product of floats could be rounded across a whole number."""
LEVELS = (*range(500, 900, 50), *range(900, 1000, 10), 995, 999)
LEAST_COVERAGE, MOST_COVERAGE = 1 / WHOLE, LEVELS[-1] / WHOLE
