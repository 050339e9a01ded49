"""A recipe as one line for a person."""

from models.manifest import Recipe


def recipe_line(recipe: Recipe) -> str:
    """For example: stretch to 256x256, centre crop 224x224, RGB, pixels 0-255 minus (127, 127, 127), divided by (128, 128, 128)."""
    side = f"{recipe.resize_width_px}x{recipe.resize_height_px}"
    resize = f"stretch to {side}" if recipe.resize == "stretch" else f"short side to {recipe.resize_width_px}"
    crop = "centre crop {}x{}, ".format(*recipe.crop_size_px) if recipe.crop_size_px else ""
    mean, std = (", ".join(f"{value:g}" for value in triple) for triple in (recipe.mean, recipe.std))
    return f"{resize}, {crop}{recipe.colour_order}, pixels 0-255 minus ({mean}), divided by ({std})"
