"""Tests of what runs GAM and reads its output."""
