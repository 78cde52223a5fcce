"""Earlier name of `python -m experiments.gan_vs_vae.sweep`."""

from experiments.gan_vs_vae.sweep import main

if __name__ == "__main__":
    main()
