"""Where other frameworks take a pipeline in: a module each, whose packages are an extra."""
