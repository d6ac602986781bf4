"""Exports, part by part."""
