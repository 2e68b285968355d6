"""What the vendor's systems send: the feed's format, uploads and their tokens, adapters for files of others, the API.

reading, lines  the format of docs/feed.md: bytes in, facts or errors out
importing       facts into the database, batch by batch
uploads         what the API has received, imported by a worker; upload_files is where it lies meanwhile
tokens          what the vendor's systems sign in with
adapters        files of others, turned into lines of the feed
"""
