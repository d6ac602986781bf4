"""Tests of one module each, without services."""
