"""The recurrent network: its weights, its forward and backward passes, its Keras layers."""
