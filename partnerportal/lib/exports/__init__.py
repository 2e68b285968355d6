"""Lists as CSV files (CC-38): how an app describes its lists, and how their rows get into a file.

lists     the description of a list; each app has those of its own in `<app>/exports.py`
columns   a column: its key in the head of the file, and what PostgreSQL writes under it
csv_copy  the writing of rows as CSV, by COPY
"""
