"""What code written for the vendor imports: put this folder on PYTHONPATH."""
