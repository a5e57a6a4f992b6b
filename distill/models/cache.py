"""Where pulled models are kept, and the file that says what one is."""

import os
from pathlib import Path

import platformdirs

MANIFEST = "stylerep_model.json"


def cache_folder() -> Path:
    """Return where pulled models are kept: ``STYLEREP_CACHE``, else the user's cache folder."""
    return Path(
        os.environ.get("STYLEREP_CACHE") or platformdirs.user_cache_dir("stylerep", appauthor=False)
    ).expanduser()
