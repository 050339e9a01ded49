"""The engines, all with the interface of base.py."""
