"""Training: from the rows of a data set to an adapter."""
