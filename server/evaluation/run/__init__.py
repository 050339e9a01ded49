"""One run over a labelled set, and its files."""
