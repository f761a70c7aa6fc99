"""The whole platform on one machine: the declared program, run against an embedded AWS."""
