"""The cases of all rules, by subject."""

from . import backend, error_budget, exporter, queries, read_only, routing, saturation, waiters

CASES = [case for subject in (error_budget, routing, read_only, waiters, saturation, backend, queries, exporter)
         for case in subject.CASES]
