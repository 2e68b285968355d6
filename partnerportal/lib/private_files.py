"""Files that the web server never serves by itself: what was sent, and what was asked for."""

from pathlib import Path

from django.conf import settings


def private_folder(name: str) -> Path:
    """Made when it is first needed; nobody but the portal's own user enters it."""
    path = Path(settings.PRIVATE_ROOT, name)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
