"""How the recipe of imported weights is said: by options, by a file of another library, or by the name of a known transform."""
