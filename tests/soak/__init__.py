"""Long runs with kills; `make soak`. The tests run short ones of the same."""
