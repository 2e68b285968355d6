"""As in development, with static files that are not compressed: that takes most of the time of collecting them."""

from partnerportal.settings.dev import *  # noqa: F403

WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("css", "js", "json", "svg", "html", "txt", "xml", "md", "map", "woff2", "png")
