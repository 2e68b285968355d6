"""Files of JSON Lines, one object a line, which are read, judged and stored with a result for each line."""
