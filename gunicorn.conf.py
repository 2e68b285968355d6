"""The web server: two processes with two threads each unless WEB_CONCURRENCY and WEB_THREADS say otherwise."""

import os

from gunicorn.glogging import Logger

from partnerportal.lib import garbage
from partnerportal.lib.secret_addresses import mask_secrets

bind = os.environ.get("WEB_BIND", f"0.0.0.0:{os.environ.get('PORT', '8000')}")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "2"))  # more than two made the slowest pages slower
timeout = 30
graceful_timeout = 20
keepalive = 65  # longer than usual proxies keep a connection, so that none is closed under a request
max_requests = 10_000
max_requests_jitter = 1_000
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Never the query string, the referrer, an invitation's token or the key to a new password: whoever reads logs could act
# in somebody's place.
accesslog = "-"
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(B)s %(M)sms"


class PortalLogger(Logger):
    def atoms(self, resp, req, environ, request_time):  # type: ignore[no-untyped-def]
        atoms = super().atoms(resp, req, environ, request_time)
        path = atoms["U"].encode("unicode_escape").decode()  # a line break would forge a line
        return {**atoms, "U": mask_secrets(path)}


logger_class = PortalLogger


def post_worker_init(worker: object) -> None:
    garbage.settle()
