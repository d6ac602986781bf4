"""Options that several verbs have."""

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
everything = click.option("--all", "everything", is_flag=True, help="List every record, not the first few of a kind.")
full_read = click.option("--full-read", is_flag=True, help="Read all of RT again, and check the kept snapshot by it.")
approval = click.option(
    "--approve", metavar="HASH", help="Lift the limits for the plan with this hash, and for no other."
)
