"""From a model bundle, a history of states and conditions to a plan; numpy, onnxruntime, lark for expressions."""
