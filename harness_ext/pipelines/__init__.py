"""Pipelines over everything else: teaching, studies, validation."""
