"""The kinds of record that jobs compare: how each is read as one side of a comparison, and written."""
