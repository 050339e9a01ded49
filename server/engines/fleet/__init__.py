"""Several engines as one: the choice of an engine, and the reaction to its failures."""
