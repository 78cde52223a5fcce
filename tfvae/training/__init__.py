"""Configs, strategies, checkpoints, callbacks and the runner that every experiment shares."""
