-- The library's own functions, with a target of two requests.

local core
each_value(function(v)
  if type(v) == "table" and rawget(v, "follow") and rawget(v, "fetch") then core = v end
end)
local call = assert(core).fetch(client, "each", nil, { path = "/v1/connectors" })
assert(not pcall(core.follow, call, "/x HTTP/1.1\r\n\r\nPUT /y"))
assert(not pcall(core.follow, call, "http://127.0.0.1:1/"))
local list = objects()
for name, f in pairs(core) do
  if type(f) == "function" and name ~= "await" and name ~= "turn" and name ~= "new" then
    for _, o in pairs(list) do
      pcall(f, o)
      pcall(f, o, o)
      pcall(f, o, "/v1/connectors")
      pcall(f, o, nil, { path = "/v1/connectors" })
      pcall(f, o, "/x", "/y", "/z")
      for _, v in ipairs(junk) do
        pcall(f, v)
        pcall(f, o, v, v)
      end
    end
  end
end
collectgarbage()
collectgarbage()
