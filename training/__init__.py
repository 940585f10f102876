"""How the learned classifiers of the library are made: their data, their training and their evaluation."""
