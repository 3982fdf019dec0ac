"""The lessons on a hosted notebook's packages: `make test-colab`."""
