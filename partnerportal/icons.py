"""The icons of the product: one file of symbols, which `partnerportal.finders` makes from the lucide package.

A browser fetches that file once. Icons that were written into each page made up a sixth of it.
"""

from xml.etree import ElementTree

import lucide

FILE = "img/icons.svg"
_NAMES = """
activity archive archive-restore arrow-down arrow-right arrow-up arrow-up-right badge-check ban bell book-open
bookmark building building-2 calendar-check calendar-clock calendar-days calendar-plus calendar-sync chart-line
check check-check chevron-left chevron-right chevrons-up-down circle-alert circle-check circle-dot
circle-question-mark circle-slash circle-x
clipboard-check clipboard-list clipboard-x clock columns-3 copy download ellipsis eye eye-off file-down file-up
fingerprint-pattern flask-conical globe headset history hourglass inbox info key-round layout-dashboard life-buoy
link list list-filter list-tree lock log-out mail message-square monitor monitor-smartphone moon network package
package-check package-plus panel-left pencil plus receipt-text refresh-cw rotate-ccw rows-3 search send settings-2
shield-check smartphone star star-off store sun tags trash-2 trending-down trending-up triangle-alert undo-2 unlink
user-check user-minus user-plus users x
"""
NAMES = frozenset(_NAMES.split())


def build_icon_sprite() -> str:
    """Return the text of an SVG file with a symbol for every icon of NAMES. CSS sets colour and stroke."""
    symbols = "".join(f'<symbol id="{name}" viewBox="0 0 24 24">{_shapes(name)}</symbol>' for name in sorted(NAMES))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


def _shapes(name: str) -> str:
    drawing = ElementTree.fromstring(lucide._render_icon(name, None))
    return "".join(ElementTree.tostring(shape, "unicode").strip() for shape in drawing)
