"""Report 3: GaMix-VAE with PatchGAN against the standard VAE, on faces."""
