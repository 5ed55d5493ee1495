"""A test case on a primary and its replica."""

import unittest

import postgres


class ReplicatedTestCase(unittest.TestCase):
    """`primary` and `replica` are started once for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.primary, cls.replica = postgres.start_primary_and_replica(cls.addClassCleanup)
