"""Any list as a CSV file (CC-38): what an app says of its lists, and how their rows get into a file.

lists     what a list says of itself; each app names its own in `<app>/exports.py`
columns   a key in the head of the file, and what PostgreSQL writes under it
csv_copy  rows as CSV by COPY
"""
