"""GAM, the administrators' command line for Google Workspace: running it, and reading what it prints."""
