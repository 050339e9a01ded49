"""The error of every reader in this package; read_checkpoint converts it to CheckpointRefused."""


class Malformed(ValueError):
    """The framework would not have written such a file; the message gives the fault and its place, without the file's name."""
