"""Tells which lexicon a text wants."""

import re

_EAST_ASIAN = re.compile("[\u4e00-\u9fff]")
_SAMPLE = 4000


def language_of(text: str) -> str:
    """Return ``zh`` where at least a tenth of the first 4,000 characters are Chinese, else ``en``."""
    sample = text[:_SAMPLE]
    return "zh" if 10 * len(_EAST_ASIAN.findall(sample)) >= len(sample) > 0 else "en"
