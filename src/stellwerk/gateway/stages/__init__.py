"""The stages of a request, called by the pipeline alone, in the order it writes down."""
