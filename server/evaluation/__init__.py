"""Evaluation: the accuracy of the served model on a labelled set, from the list of images to the report."""
