"""The few calls to GitHub that the pipeline makes: a pull request's comments and its reviews."""
