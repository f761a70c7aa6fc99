// CloudFront Function at each request for a IIIF image: tells the tile service under which address
// the caller knows it, since descriptions of images name themselves whole. What the caller wrote
// into this header is replaced.
function handler(event) {
  const request = event.request;
  request.headers["x-labsight-host"] = { value: "https://" + request.headers.host.value };
  return request;
}
