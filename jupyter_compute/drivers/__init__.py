"""The built-in kinds of target, one file a kind; found through entry points."""
