"""One script a report: `python -m experiments.<name> --help`."""

from tfvae.startup import import_tensorflow

import_tensorflow()
