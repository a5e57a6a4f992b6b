"""How many modules see one problem on its way from a study to a verdict."""
