"""Where the texts come from: our own writing, grammars, mixtures of both, and packages that ship labelled data."""
