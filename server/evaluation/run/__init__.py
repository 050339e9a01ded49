"""One run over a labelled set, and what it keeps."""
