"""The models on disk: list, load, save, rename, export and repair them."""
