--- Texts compressed by the gzip of this machine, in the formats that a
-- Content-Encoding may have.

local compressed = {}

function compressed.gzip(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
  local pipe = assert(io.popen("gzip -nc " .. path))
  local bytes = pipe:read("a")
  assert(pipe:close())
  os.remove(path)
  return bytes
end

--- Deflate without a header, which some servers send for `deflate`.
function compressed.raw(text)
  return compressed.gzip(text):sub(11, -9)
end

--- zlib (RFC 1950), which `deflate` means.
function compressed.zlib(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return "\x78\x9C" .. compressed.raw(text) .. string.pack(">I4", b << 16 | a)
end

return compressed
