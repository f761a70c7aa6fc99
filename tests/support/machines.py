"""Machines in the embedded AWS, tagged as a stack tags its own."""

from typing import Any


def run_machine(ec2: Any, **tags: str) -> str:
    """Start a machine with labsight's tags and return its id."""
    (one,) = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.xlarge",
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": f"labsight:{k}", "Value": v} for k, v in tags.items()],
            }
        ],
    )["Instances"]
    return str(one["InstanceId"])
