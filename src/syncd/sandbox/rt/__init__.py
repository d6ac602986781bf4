"""A stand-in for Request Tracker 5's REST2 interface, with the surprises of the real one."""

from syncd.sandbox.rt.app import RtApp

__all__ = ["RtApp"]
