"""Source code in texts: the tables of the guard `Code`."""
