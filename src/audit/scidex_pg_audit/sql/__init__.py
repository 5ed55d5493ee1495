"""Determines whether a piece of SQL writes. Independent of Python code."""
