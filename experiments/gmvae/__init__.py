"""Report 2: autoencoder, VAE and Gaussian mixture VAE with the threshold trick, on images and on signals."""
