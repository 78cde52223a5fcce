"""One script a report: `python -m experiments.<name> --help`."""
