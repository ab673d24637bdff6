"""Guard rails: rules over the resources of a stack, as pure functions and as a Pulumi policy pack."""
