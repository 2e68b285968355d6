"""Static files, served by the web process, also while one release replaces another."""

import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's middleware for static files, which also finds files collected after the process started.

    While a new release starts, its pages name files that a process of the old release did not see at its own start.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.directories.append((os.path.join(settings.STATIC_ROOT, ""), self.static_prefix))

    def __call__(self, request: HttpRequest) -> Any:
        path = request.path_info
        if path.startswith(self.static_prefix) and path not in self.files:
            file = self.find_file(path)
            if file is not None:
                self.files[path] = file
        try:
            return super().__call__(request)
        except FileNotFoundError:  # the file belonged to an older release, and has been deleted since
            del self.files[path]
            return self.get_response(request)
