"""A calibration fitted on a finished run."""
