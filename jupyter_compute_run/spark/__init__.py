"""A run whose program is handed to Spark: ``python -m jupyter_compute_run.spark PROGRAM …``.

``__main__`` starts ``spark-submit`` and waits for it, ``program`` is what Spark starts and becomes
the user's own program, ``session`` puts ``spark`` into a cell or a notebook.
"""
