"""What a stack will cost before it is deployed: `python -m stacks.cost --stack dev`."""
