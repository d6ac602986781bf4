"""What tests of the jobs of batteries share: tables of the configuration."""

MAPPING = {
    "CF.{Battery Health}": "percent",
    "CF.{Battery Status}": "status",
    "CF.{Battery Category}": "category",
    "CF.{Battery Cycle Count}": "cycles",
    "CF.{Battery Reported}": "report_time",
}
EVER = 36_500
"""Days: what is made up was reported in 2026, whenever a test runs."""


def table(job: str, more: str = "") -> str:
    """Return the tables of a job that writes all that RT has a field for; ``more``: further lines of the first."""
    rules = "".join(f'"{field}" = "{fact}"\n' for field, fact in MAPPING.items())
    head = f'catalogs = ["Chromebooks"]\nrecent_days = {EVER}\n{more}'
    return f"\n[jobs.{job}]\n{head}\n[jobs.{job}.to_rt]\n{rules}"
