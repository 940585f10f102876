"""Logs of rows: where they are kept, how they are asked, and how a sample of them is read."""
