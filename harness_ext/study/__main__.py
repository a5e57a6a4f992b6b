"""Runs one cell in a process of its own, wherever an engine starts it: ``python -m harness_ext.study STUDY_FOLDER CELL``."""

from harness_ext.study.worker import main

main()
