"""Evaluation of a trained model: what is measured and drawn, decided by what the model can do."""

from tfvae.startup import import_tensorflow

import_tensorflow()
