"""The configuration of the web server: two processes with two threads each, unless WEB_CONCURRENCY and WEB_THREADS say
otherwise.

partnerportal/server says what the processes do. The access log is written by the application itself.
"""

import os

from partnerportal.lib import logs

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "partnerportal.server.worker.PortalWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "2"))  # of each process; more than two made the slowest pages slower
timeout = 30
graceful_timeout = 20
max_requests = 10_000
max_requests_jitter = 1_000
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# This is decided as in the settings, which gunicorn's parent never reads.
in_production = os.environ.get("DJANGO_SETTINGS_MODULE", "partnerportal.settings.production").endswith(".production")
logconfig_dict = logs.build_logging_configuration(
    os.environ.get("LOG_FORMAT") or ("json" if in_production else "line"), "INFO"
)
