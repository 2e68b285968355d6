"""The database engine: Django's for PostgreSQL, with fewer trips to the server."""
