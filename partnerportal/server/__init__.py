"""The web server: gunicorn's parent over processes that run waitress.

gunicorn starts, watches and renews the processes. waitress reads a request whole, a large body into a file, before a
thread takes it, so that neither a thread nor a transaction ever waits for a client. This package adds time limits that
a trickle of bytes does not outlive, size limits by URL, threads by kind of request, and restarts without a gap.
"""
