"""kill -9 at every effect boundary of every command that changes anything, and what the next run makes of it.

A boundary is the moment before or after a request, a commit that wrote, or a change of the file system's names. The
program is not changed for it: a child of a warm process wraps requests, sqlite3 and ``os`` (``boundaries``), and
kills itself at the boundary that it was told. ``table`` says what is expected of each; docs/reference/crashes.md is
made of it. `make test` kills a sample, `make soak` at all of them.
"""
