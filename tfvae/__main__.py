"""`python -m tfvae`: the command `tfvae`."""

from __future__ import annotations

from tfvae.cli import main

if __name__ == "__main__":
    main()
