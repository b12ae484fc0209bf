"""What a run looks like: as HTML, as text, live and at rest.

Everything here is given plain facts (a run, bytes of its log, its events) and knows neither
the store nor the commands.
"""
