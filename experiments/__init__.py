"""One script a report: `python -m experiments.<name> --help`."""

import tfvae as tfvae  # first of all, because it imports TensorFlow quietly
