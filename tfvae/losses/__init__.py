"""Losses: pure functions of tensors, per example, in nats where they have a unit."""
