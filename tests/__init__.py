"""Tests of syncd."""
