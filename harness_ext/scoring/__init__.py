"""The tasks' code: documents, metrics, preference, and where the task files are."""
