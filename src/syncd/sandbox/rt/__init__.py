"""A stand-in for Request Tracker 5's REST2 interface, with the surprises of the real one.

What it does was seen on RT 5.0.3: ``tests/contract/test_rt_rest2_*.py`` run against that and against this.
"""

from syncd.sandbox.rt.app import RtApp

__all__ = ["RtApp"]
