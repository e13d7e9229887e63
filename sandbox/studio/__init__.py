"""The stand-in for DeepOpinion Studio."""
