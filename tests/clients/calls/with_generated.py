"""With the client that openapi-python-client has made of `/schema`."""

import sys

from gatescope_client import Client
from gatescope_client.api.default import predict
from gatescope_client.models import TextPart

client = Client(base_url=sys.argv[1])
said = predict.sync(client=client, body=TextPart(text="An amazing cast."))
print(f"predict\t{said.label} after {said.words} words")
