"""What the parts of pages that repeat are drawn with: Jinja2, several times faster than Django's own templates.

A part (`.jinja`) holds no words: they come with what it shows. A page draws it by the tag `{% jinja %}`.
"""

from typing import Any

from jinja2 import Environment, StrictUndefined

from partnerportal.lib import formats
from partnerportal.templatetags import ui


def environment(**options: Any) -> Environment:
    made = Environment(**options | {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined})
    made.globals["icon"] = ui.icon
    made.filters |= {"number": formats.number, "short_number": ui.short_number}
    return made
