"""What several tests of the composition ask for."""

import json
import logging
from io import StringIO

import pytest

from partnerportal.lib import logs


@pytest.fixture
def lines():
    """All that is written while the block runs, as production writes it."""
    output = StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(logs.JsonLineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    root.removeHandler(handler)
