"""Tests of the Request Tracker stand-in beside what the contract suite holds it to."""
