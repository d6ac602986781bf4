"""The Google stand-in: the Admin SDK Directory API, the telemetry of Chrome Management, and tokens.

What it does is from Google's reference; ``tests/contract`` holds it to Google's discovery documents, to Google's own
client library, and to GAM.
"""

from syncd.sandbox.google.app import GoogleApp
from syncd.sandbox.google.presets import PRESETS
from syncd.sandbox.google.tenant import Settings

__all__ = ["PRESETS", "GoogleApp", "Settings"]
