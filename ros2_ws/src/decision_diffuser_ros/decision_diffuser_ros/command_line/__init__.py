"""The `decision-diffuser` command line: one command a module, put together in `main`."""
