"""From stored bytes to pictures: decoding, scaling, channels, colour."""
