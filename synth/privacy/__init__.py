"""Keeps secrets, home folders and user names out of what is written or shown."""
