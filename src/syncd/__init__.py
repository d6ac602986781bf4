"""Integration jobs between Request Tracker, Google Workspace and their neighbours."""

__version__ = "0.1.0"
