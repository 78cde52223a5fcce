"""Losses: pure functions of tensors that return a value for each example."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()
