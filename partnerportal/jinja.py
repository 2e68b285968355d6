"""Jinja2, which draws the parts of pages that repeat: it is several times faster than Django's own templates.

A part (`.jinja`) holds no words of its own: they come with its data. A page draws it by the tag `{% jinja %}`.
"""

from typing import Any

from jinja2 import Environment, StrictUndefined

from partnerportal.lib import formats
from partnerportal.templatetags import ui


def build_jinja_environment(**options: Any) -> Environment:
    """Return the Jinja2 environment that renders the parts of pages which repeat, such as rows.

    An undefined name in a template raises an error, rather than rendering nothing.
    """
    made = Environment(**options | {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined})
    made.globals["icon"] = ui.render_icon
    made.filters |= {"number": formats.format_number, "short_number": ui.format_short_number}
    return made
