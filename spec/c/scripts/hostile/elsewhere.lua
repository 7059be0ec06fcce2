-- Other origins, files, proxies, tokens.

for _, path in ipairs { "http://127.0.0.1:1/", "//127.0.0.1:1/", "@127.0.0.1:1/", "/ HTTP/1.1\r\nX: y", "/a b", "" } do
  local good, a, b = pcall(client.request, client, { path = path })
  assert(path:sub(1, 2) == "//" or not good, path)
  if good then assert(a == nil and b.status == 404) end
end
for _, option in ipairs { "base_url", "token", "ca_file", "proxy", "region", "on_event", "json" } do
  assert(not pcall(client.list_connectors, client, { [option] = "x" }))
end
for _, name in ipairs {
  "Authorization",
  "Host",
  "host",
  "Proxy-Authorization",
  "Transfer-Encoding",
  "Content-Length",
  "X\r\nY",
} do
  assert(not pcall(client.list_connectors, client, { headers = { [name] = "x" } }), name)
end
assert(not pcall(client.list_connectors, client, { headers = { A = "b\r\nHost: c" } }))
