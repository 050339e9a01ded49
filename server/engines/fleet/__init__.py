"""Several engines as one: who is asked, and what happens when one fails."""
