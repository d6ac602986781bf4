"""The Google stand-in: what the Admin SDK Directory API does with ChromeOS devices, org units and tokens."""

from syncd.sandbox.google.app import GoogleApp
from syncd.sandbox.google.presets import PRESETS
from syncd.sandbox.google.tenant import Settings

__all__ = ["PRESETS", "GoogleApp", "Settings"]
