"""From a model bundle, a history of states and conditions to a plan; needs numpy and onnxruntime alone."""
