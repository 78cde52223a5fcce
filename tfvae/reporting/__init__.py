"""Reporting: claims, tables and pages, made from finished runs' metrics.json and from nothing else."""
