"""Pipeline texts, read by the vendor's rules."""
