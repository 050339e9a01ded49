"""Networks as exporters write them, brought into the plain form that the recipe is folded into."""
