"""The apps of the project, as the settings install them: no test has a list of its own. And what their code says."""

import ast
from functools import cache
from pathlib import Path

from django.conf import settings

OURS = tuple(app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app).is_dir())
APPS = tuple(app for app in OURS if app != "partnerportal")  # without the composition root and `lib`


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file. It is kept, because half a dozen tests read every file of the project."""
    return ast.parse(path.read_text())
