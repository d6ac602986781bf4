"""The names that fields of RT's assets have in the options of jobs."""

from syncd.jobs.options import FieldNames
from syncd.systems.rt.schema import custom_name


def is_custom(name: str) -> bool:
    """Whether a name is that of a custom field; only RT can tell whether there is one."""
    return custom_name(name) is not None


def asset_fields(*known: str) -> FieldNames:
    """Return the names of custom fields, and these others."""
    return FieldNames(known, is_custom, "a custom field is written CF.{Name}")
