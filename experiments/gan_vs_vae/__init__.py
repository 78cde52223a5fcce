"""Report 4: a DCGAN against a convolutional VAE."""
