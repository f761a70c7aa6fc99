"""Gives out CloudFront's signed cookies, for the seconds that the caller wishes."""

import base64
import json
import os
import time
from typing import Any

import boto3
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SECRET, KEY = os.environ["SECRET"], os.environ["KEY"]
secrets = boto3.client("secretsmanager")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def handle(event: dict[str, Any], _context: object) -> Any:
    if event["requestContext"]["http"]["method"] == "DELETE":
        return {"statusCode": 204, "cookies": ["CloudFront-Policy=; Max-Age=0; Path=/; Secure"]}
    lasts = int(event.get("queryStringParameters", {}).get("seconds", 3600))
    until = {"DateLessThan": {"AWS:EpochTime": int(time.time()) + lasts}}
    policy = json.dumps({"Statement": [{"Resource": "https://*/*", "Condition": until}]}).encode()
    pem = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    key: Any = load_pem_private_key(pem.encode(), None)
    signature = key.sign(policy, PKCS1v15(), SHA1())  # what CloudFront verifies
    values = {"Policy": encoded(policy), "Signature": encoded(signature), "Key-Pair-Id": KEY}
    rest = "Path=/; Secure; HttpOnly; SameSite=Strict"
    cookies = [f"CloudFront-{name}={value}; {rest}" for name, value in values.items()]
    return {"statusCode": 204, "cookies": cookies}
