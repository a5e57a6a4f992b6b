"""The chat template that a prompt is put with: the default one, and without today's date,
since training and evaluation may be days apart.
"""

import datetime
import re
from typing import Any

from synth.errors import StylerepError

DATE = datetime.date(2025, 1, 1)
_TODAY = re.compile(r"""\bstrftime_now\(\s*(?P<quote>['"])(?P<form>[^'"\\]*)(?P=quote)\s*\)""")
DEFAULT = "default"
"""The name of the chat template that is put, where a tokenizer has several."""


def default_template(tokenizer: Any) -> Any:
    """Return the dated chat template of a tokenizer, nothing for one that has none.

    Some tokenizers have several by name (Command R: default, rag, tool_use); transformers puts the one named
    ``default`` unless it is told otherwise, and so do training and evaluation here. Raises StylerepError
    where there is none of that name.
    """
    templates = getattr(tokenizer, "chat_template", None)
    if isinstance(templates, dict) and templates:
        if DEFAULT not in templates:
            raise StylerepError(
                f"The tokenizer has several chat templates ({', '.join(sorted(templates))}) and none is named"
                f" {DEFAULT}; give one of them that name, or keep only one, and save the tokenizer."
            )
        templates = templates[DEFAULT]
    return dated_template(templates)


def dated_template(template: Any) -> Any:
    """Return a chat template that takes every day for `DATE`, and several by name likewise;
    what is neither is returned as it is.
    """
    if isinstance(template, dict):
        return {name: dated_template(one) for name, one in template.items()}
    if not isinstance(template, str):
        return template
    return _TODAY.sub(lambda call: f"({call['quote']}{DATE.strftime(call['form'])}{call['quote']})", template)
