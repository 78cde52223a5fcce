"""Export of trained models and their samplers as SavedModels for TF Serving."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.serving.export import export, signatures

__all__ = ["export", "signatures"]
