"""Runs one cell in a process of its own, wherever an engine starts it: ``python -m
harness_ext.pipelines.study STUDY_FOLDER CELL``.
"""

from harness_ext.pipelines.study.worker import main

main()
