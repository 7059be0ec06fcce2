-- A registry that lies.

local registry = debug.getregistry()
local names = {}
for k, v in pairs(registry) do
  if type(k) == "string" and k:find "^celigo" then
    names[#names + 1] = k
  elseif type(k) == "userdata" and type(v) == "userdata" then
    names[#names + 1] = k
  end
end
assert(#names >= 5)
for _, name in ipairs(names) do
  local before = registry[name]
  for _, v in ipairs { false, io.stdout, client, 5, "x" } do
    registry[name] = v or nil
    pcall(objects)
    pcall(use, { client = client })
    for _, m in pairs(debug.getmetatable(io.stdout)) do
      if type(m) == "function" then pcall(m, client) end
    end
    pcall(celigo.json.decode, '{"a":[1,{}]}')
    pcall(celigo.json.encode, { ("x"):rep(9999) })
    pcall(celigo.array, {})
    if type(before) == "table" and before.__gc then
      pcall(before.__gc, io.stdout)
      pcall(before.__gc, client)
      pcall(before.__gc)
    end
  end
  registry[name] = before
end
