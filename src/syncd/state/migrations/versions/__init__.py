"""One file for each revision of the schema, never edited after its release.

None leans on code of the program: what that says today is not what a revision said when it was released.
"""
