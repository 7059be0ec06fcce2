-- A stranger with our metatable, and the other way round.

local list = objects()
local metatables = {}
for _, o in pairs(list) do
  if type(o) == "userdata" then metatables[debug.getmetatable(o)] = true end
end
local file <close> = io.tmpfile()
for m in pairs(metatables) do
  for _, o in ipairs { file, list.call, list.cursor, client } do
    local before = debug.getmetatable(o)
    debug.setmetatable(o, m)
    for _, f in pairs(m) do
      if type(f) == "function" then pcall(f, o) end
    end
    for _, f in pairs(m.__index) do
      pcall(f, o, id)
      pcall(f, o)
    end
    debug.setmetatable(o, before)
  end
  for _, f in pairs(m.__index) do
    for _, v in ipairs(junk) do
      pcall(f, v)
      pcall(f, v, v)
    end
  end
end
