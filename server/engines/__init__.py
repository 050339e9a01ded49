"""The engines, behind the one interface of base.py."""
