"""What the bench measures against starts: nothing else imports it, so nothing else would say that it cannot."""

import os
import subprocess
import sys

from tools.stages import PROJECT


def test_the_floor_starts():
    asks = "import tools.bench.floor as floor; print(len(floor.urlpatterns), len(floor.settings.MIDDLEWARE))"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", asks], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("3 1\n", 0), done.stderr
