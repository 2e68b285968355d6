"""The ingest of what the vendor's systems send.

reading, lines  the format of docs/feed.md: bytes in, facts or errors out
importing       the import of a feed: it stores facts in the database, batch by batch
uploads         the files that the API has received, imported by a worker; upload_files is where they lie meanwhile
tokens          the credentials with which the vendor's systems sign in
adapters        readers of other systems' files, which turn them into lines of the feed
api             the endpoints of uploads
"""
