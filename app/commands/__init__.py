"""One module per command of ``pbt``. Each has ``configure(parser)`` and ``run(options) -> exit status``."""
