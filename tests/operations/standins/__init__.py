"""Images that stand in for the pinned ones where no image registry is reached.

Everything comes from Debian's packages and from this machine's package index: Debian 12 with Python, Redis and Caddy,
and PostgreSQL from the wheel that the tests use. What they prove is our image, our compose file and our page; what they
do not prove is that the pinned tags exist.
"""
