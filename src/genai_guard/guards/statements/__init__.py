"""SQL in texts, without a parser: the tables and functions of the guard `SQL`."""
