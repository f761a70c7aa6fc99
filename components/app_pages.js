// CloudFront Function at each request for the web app: an address without a file ending is one of
// the app's own pages, which all start from index.html. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
function handler(event) {
  const request = event.request;
  const last = request.uri.slice(request.uri.lastIndexOf("/") + 1);
  if (!last.includes(".")) {
    request.uri = "/index.html";
  }
  return request;
}
