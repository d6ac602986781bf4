"""What syncd remembers between runs: the audit log, snapshots, external ids, circuit states, and who runs now.

``store.open_store`` opens it all; ``lock.JobLock`` keeps two runs of one job apart and needs no database.
"""
