"""Static files from the web process, while a release is replaced by the next."""

import os
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """Serves also what was collected after the process started: a page of the next release, drawn by the process beside
    this one, names files that this one did not see at its start."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.directories.append((os.path.join(settings.STATIC_ROOT, ""), self.static_prefix))

    def __call__(self, request: HttpRequest) -> Any:
        path = request.path_info
        if path.startswith(self.static_prefix) and path not in self.files:
            found = self.find_file(path)
            if found is not None:
                self.files[path] = found
        try:
            return super().__call__(request)
        except FileNotFoundError:  # of a release before the former one
            del self.files[path]
            return self.get_response(request)
