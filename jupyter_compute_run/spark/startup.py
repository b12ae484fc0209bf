# A kernel executes this before the first cell of a notebook, as PYTHONSTARTUP.
from jupyter_compute_run.spark import session as _session

_session.place(globals())
del _session
