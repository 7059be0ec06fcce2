-- Upvalues of wrong types.

local functions = {}
local list = objects()
for _, o in pairs(list) do
  local m = debug.getmetatable(o)
  if type(o) == "function" then functions[o] = true end
  for _, t in ipairs { m, m and m.__index } do
    if type(t) == "table" then
      for _, f in pairs(t) do
        if type(f) == "function" then functions[f] = true end
      end
    end
  end
end
for f in pairs(functions) do
  if debug.getinfo(f, "S").what == "C" then
    for i = 1, 4 do
      for _, v in ipairs { table.unpack(junk), table.unpack { list.call, client, list.cursor } } do
        local name, before = debug.getupvalue(f, i)
        if not name then break end
        debug.setupvalue(f, i, v)
        pcall(f, client, id)
        pcall(f, client)
        pcall(f)
        debug.setupvalue(f, i, before)
      end
    end
  end
end
