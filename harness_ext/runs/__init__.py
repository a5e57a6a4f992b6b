"""Run folders: what they hold, read and checked."""
