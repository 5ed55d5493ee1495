"""Finds writes through read handles in Python code, without running it."""
