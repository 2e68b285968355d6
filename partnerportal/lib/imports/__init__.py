"""Imports of CSV files: how an app describes what can be imported, how a file is read, and the result of each row.

kinds        the description of an import; each app has those of its own in `<app>/imports.py`
results      what became of a row: its outcome, and a sentence about it
csv_reading  the reading of a CSV file that somebody made, row by row, with an error for whatever is wrong in it
"""
