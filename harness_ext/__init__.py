"""The extension of lm-eval: tasks' code, metrics, runs, statistics and the command line."""
