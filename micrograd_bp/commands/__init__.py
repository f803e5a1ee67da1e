"""The commands of micrograd-bp: each file adds its options to a parser, and has what they do."""
