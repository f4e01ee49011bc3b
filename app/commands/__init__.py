"""One module per command of ``pbt``, each with a ``command`` of click that returns the exit status."""
