"""Models: families, where weights come from, number formats, loading; training and writing share it."""
