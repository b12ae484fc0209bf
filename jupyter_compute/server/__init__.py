"""The Jupyter server extension: HTTP in front of the client, without logic of its own.

::

    app ─ routes ─ kinds targets runs results logs outputs captured folders   one module a noun
                      │            sockets (a log, live)    events (states, live)
                   handler ─ wire (reads what was asked) ─ errors (says what went wrong)
                      │
                   workers ─ the client, in threads
"""
