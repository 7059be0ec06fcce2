-- structure.lua BUILD: proves how the files of csrc/ depend on each other.
-- Includes come from the sources, calls from the symbols of BUILD's object
-- files (`nm`). See docs/design.md for the layers.

local build = arg[1] or "build/dev"
local root = arg[2] or "csrc"

-- A folder may use those of lower numbers, and of its own.
local layer = {
  common = 0, time = 1, retry = 2, contract = 3, http = 3, json = 4, engine = 5, client = 6, pages = 7, loop = 7,
  module = 8,
}

local faults = {}
local function fault(...) faults[#faults + 1] = string.format(...) end

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  assert(pipe:close(), "failed: " .. command)
  return lines
end

local files = lines_of(("find %s -name '*.[ch]' | sort"):format(root))
local folder, uses, lua_header = {}, {}, {}
for i, path in ipairs(files) do
  local name = path:sub(#root + 2)
  files[i] = name
  folder[name] = name:match "^([^/]*)/" or "module" -- celigo.h
  uses[name] = {}
  if not layer[folder[name]] then fault("%s: no layer is known for this folder", name) end
end

-- Notes that one file needs another, and why.
local function note(from, to, why)
  if from ~= to and uses[to] and not uses[from][to] then uses[from][to] = why end
end

-- {====== Includes

for _, name in ipairs(files) do
  for line in io.lines(root .. "/" .. name) do
    local own = line:match '^%s*#%s*include%s+"([^"]+)"'
    local other = line:match "^%s*#%s*include%s+<([^>]+)>"
    if own then note(name, own, "includes") end
    if other and (other == "lua.h" or other == "lauxlib.h" or other == "lualib.h") then lua_header[name] = other end
  end
end

-- }======

-- {====== Calls

local defines = {} -- symbol to file
local wants = {} -- file to symbols
for _, path in ipairs(lines_of(("find %s -name '*.c.o' -path '*/%s/*' | sort"):format(build, root))) do
  local name = path:match(root .. "/([%w_/]+%.c)%.o$")
  if name and uses[name] then
    wants[name] = wants[name] or {}
    for _, line in ipairs(lines_of(("nm -P '%s'"):format(path))) do
      local symbol, kind = line:match "^_?(%S+) (%a)"
      if kind == "U" then
        wants[name][symbol] = true
      elseif kind and kind:match "[TDRBVWC]" then
        defines[symbol] = name
      end
    end
  end
end
for _, name in ipairs(files) do
  if name:match "%.c$" and not wants[name] then fault("%s: %s holds no object file of it", name, build) end
  for symbol in pairs(wants[name] or {}) do
    if defines[symbol] then note(name, defines[symbol], "uses " .. symbol .. " of") end
    if symbol:match "^luaL?_" then lua_header[name] = lua_header[name] or symbol end
  end
end

-- }======

local function sorted(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

-- A file whose name does not begin with l, and its folder's pure parts, know
-- no Lua, not by what they include either.
local function finds_lua(name, seen)
  if lua_header[name] then return name .. " has " .. lua_header[name] end
  seen[name] = true
  for _, other in ipairs(sorted(uses[name])) do
    if uses[name][other] == "includes" and not seen[other] then
      local found = finds_lua(other, seen)
      if found then return found end
    end
  end
end

for _, name in ipairs(files) do
  for _, other in ipairs(sorted(uses[name])) do
    local mine, theirs = folder[name], folder[other]
    if mine ~= theirs and layer[mine] <= layer[theirs] then
      fault("%s %s %s, which stands in a folder above it", name, uses[name][other], other)
    end
  end
  if not name:match "/l[%w_]*%.[ch]$" and name:match "/" then
    local found = finds_lua(name, {})
    if found then fault("%s knows Lua: %s", name, found) end
  end
  if name:match "^engine/" and name:match "/l[%w_]*%.[ch]$" then
    fault("%s: no file of engine/ is a binding", name)
  end
end

-- {====== Circles

-- A header and its .c are one unit: what either needs, both do.
local units = {} -- name to what it uses
for _, name in ipairs(files) do
  local unit = name:match "^(.*)%.[ch]$"
  units[unit] = units[unit] or {}
  for other in pairs(uses[name]) do
    local used = other:match "^(.*)%.[ch]$"
    if used ~= unit then units[unit][used] = true end
  end
end

local state, path, told = {}, {}, {}
local function visit(unit)
  state[unit] = "open"
  path[#path + 1] = unit
  for _, other in ipairs(sorted(units[unit])) do
    if state[other] == "open" then
      local circle = {}
      for i = #path, 1, -1 do
        table.insert(circle, 1, path[i])
        if path[i] == other then break end
      end
      told[table.concat(circle, " -> ") .. " -> " .. other] = true
    elseif not state[other] then
      visit(other)
    end
  end
  path[#path] = nil
  state[unit] = "closed"
end
for _, unit in ipairs(sorted(units)) do
  if not state[unit] then visit(unit) end
end
for _, circle in ipairs(sorted(told)) do fault("a circle of files: %s", circle) end

-- }======

for _, text in ipairs(faults) do print(text) end
print(("%d files, %d faults"):format(#files, #faults))
os.exit(#faults == 0)
