"""The modules that code written for the vendor's SDK imports. Put this folder on PYTHONPATH."""
