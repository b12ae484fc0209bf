"""The Jupyter server extension: HTTP in front of the client, without logic of its own."""
