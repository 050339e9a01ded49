"""Other servers of the same network, as their users write them: one short program each, run in an environment of its own."""
