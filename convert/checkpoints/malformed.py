"""What every reader of checkpoints raises inside this package; read_checkpoint makes a CheckpointRefused of it."""


class Malformed(ValueError):
    """The file is not what its framework would have written; says what is wrong and where, without the file's name."""
