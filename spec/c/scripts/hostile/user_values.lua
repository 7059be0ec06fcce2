-- User values of wrong types.

for _, value in ipairs { nil, table.unpack(junk) } do
  for n = 1, 8 do
    for _, name in ipairs { "client", "call", "list", "cursor", "page_call", "ahead" } do
      local list = objects()
      local kept = {}
      for i = 1, 8 do kept[i] = debug.getuservalue(client, i) end
      if list[name] then debug.setuservalue(list[name], value, n) end
      use(list)
      for i = 1, 8 do debug.setuservalue(client, kept[i], i) end
    end
  end
end
local a, b = objects(), objects()
for n = 1, 8 do
  for name in pairs(a) do
    if type(a[name]) == "userdata" and name ~= "client" then
      debug.setuservalue(a[name], nil, n)
      collectgarbage()
      debug.setuservalue(a[name], b[name], n)
    end
  end
end
use(a)
use(b)
debug.setuservalue(client, nil, 6)
use(objects())
debug.setuservalue(client, setmetatable({}, { __index = error, __newindex = error }), 6)
use(objects())
