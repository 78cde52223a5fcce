"""Figures of arrays, independent of models: image sheets, scatter plots of codes, line charts."""

from __future__ import annotations

from matplotlib.figure import Figure

from tfvae.figures.charts import curves, leveled_curves, metric_curves
from tfvae.figures.files import figure_pixels, save_figure, save_image_grid
from tfvae.figures.grid import image_grid
from tfvae.figures.latent import latent_scatter
from tfvae.figures.scatter import quality_against_size
from tfvae.figures.sheets import (
    class_examples,
    gaussian_means,
    interpolation_sheet,
    reconstructions,
    sample_comparison,
    sample_sheet,
)
from tfvae.figures.tradeoff import tradeoff_curves

__all__ = [
    "Figure",
    "class_examples",
    "curves",
    "figure_pixels",
    "gaussian_means",
    "image_grid",
    "interpolation_sheet",
    "latent_scatter",
    "leveled_curves",
    "metric_curves",
    "quality_against_size",
    "reconstructions",
    "sample_comparison",
    "sample_sheet",
    "save_figure",
    "save_image_grid",
    "tradeoff_curves",
]
