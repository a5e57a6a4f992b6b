"""Keeps today's date out of chat templates: training and evaluation may be days apart, and both must put the same prompt."""

import datetime
import re
from typing import Any

DATE = datetime.date(2025, 1, 1)
_TODAY = re.compile(r"""\bstrftime_now\(\s*(?P<quote>['"])(?P<form>[^'"\\]*)(?P=quote)\s*\)""")


def dated_template(template: Any) -> Any:
    """Return a chat template that takes every day for `DATE`; one that is not a text is returned as it is."""
    if not isinstance(template, str):
        return template
    return _TODAY.sub(lambda call: f"({call['quote']}{DATE.strftime(call['form'])}{call['quote']})", template)
