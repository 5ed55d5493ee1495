"""Whether a piece of SQL writes. Knows nothing of Python code."""
