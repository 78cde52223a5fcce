"""Evaluation of a trained model: what is measured and drawn, decided by what the model can do."""
