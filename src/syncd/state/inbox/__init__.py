"""The inbox: what others told syncd, kept until it is done.

It is a file of its own, apart from the store: a job that writes for long never makes a listener wait, and the listener
sees nothing else.
"""
