"""Models: their description (manifest), their place on disk (store) and the models this project knows (zoo)."""
