"""Report 0: a VAE against an autoencoder with center loss and a Gaussian mixture on its codes."""
