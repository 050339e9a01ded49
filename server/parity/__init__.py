"""Two ways to answer the same images, compared."""
