"""One experiment a report: `python -m experiments.<name> --help`."""
