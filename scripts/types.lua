--- Compares what LuaLS has found in spec/types with the marks there:
--
--     lua5.4 scripts/types.lua check.json
--
-- A line that ends in `-- wrong: CODE` has to be warned of with that code,
-- any other not.

local celigo = require "celigo"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local expected, found = {}, {}
for _, name in ipairs { "right.lua", "wrong.lua" } do
  local number = 0
  for line in io.lines("spec/types/" .. name) do
    number = number + 1
    expected[("%s:%d"):format(name, number)] = line:match "%-%- wrong: ([%w-]+)$"
  end
end
for file, problems in pairs(assert(celigo.json.decode(read(arg[1])))) do
  for _, problem in ipairs(problems) do
    local where = ("%s:%d"):format(file:match "[^/]+$", math.tointeger(problem.range.start.line) + 1)
    found[where] = problem.code
    if expected[where] ~= problem.code then
      print(("spec/types/%s: %s: %s"):format(where, problem.code, problem.message:match "[^\n]*"))
    end
  end
end
local good = true
for where, code in pairs(expected) do
  if not found[where] then print(("spec/types/%s: no warning, expected %s"):format(where, code)) end
  good = good and found[where] == code
end
for where in pairs(found) do good = good and expected[where] ~= nil end
os.exit(good)
