"""The jobs: one file per oneshot unit, and in ``sides`` the kinds of record that they compare."""
