"""The one background process of a workspace that takes queued runs to a final state."""
