"""The engine: match, diff, plan, guard, apply, verify, revert. It knows no system by name."""
